//! What stands on the screen: the same lines for a terminal of any size and for a text.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Paragraph;

use super::recent::Recent;
use crate::ctl::{table, time};
use crate::lanes::Lane;
use crate::orders::Refused;
use crate::overview::{Counts, Overview, Stage};
use crate::peers::{CustomerRow, Standing, Traffic};

/// A name in a table; what is longer is cut.
const NAME_MAX: usize = 20;

/// Lines above what the view shows.
const HEAD: usize = 5;

/// An answer that is so late is missed: the gateway may hang.
const MISSED: Duration = Duration::from_secs(3);

/// What is shown below the head.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum View {
    #[default]
    Overview,
    Carriers,
    Customers,
    Binds,
    Lanes,
    Times,
    Errors,
}

const VIEWS: [View; 7] = [
    View::Overview,
    View::Carriers,
    View::Customers,
    View::Binds,
    View::Lanes,
    View::Times,
    View::Errors,
];

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Next,
    Previous,
    Up(usize),
    Down(usize),
    End,
}

/// All that is known of the gateway, and what of it is shown.
#[derive(Debug, Default)]
pub(super) struct Screen {
    view: View,
    /// Rows that are above what is seen.
    scrolled: usize,
    overview: Option<Overview>,
    recent: Recent,
    /// From one overview to the next.
    interval: Duration,
    /// When the overview was made, and what time it is.
    made: Duration,
    now: Duration,
    /// Why there is no newer overview.
    trouble: Option<String>,
}

/// A table with its title.
struct Section {
    title: String,
    /// The heads of the columns, and the rows.
    lines: Vec<String>,
}

impl Screen {
    /// One that is given an overview so often.
    pub(super) fn every(interval: Duration) -> Screen {
        Screen {
            interval,
            ..Screen::default()
        }
    }

    /// Takes what the gateway says, or that it says nothing.
    pub(super) fn show(&mut self, now: Duration, frame: Result<Overview, Refused>) {
        self.now = now;
        match frame {
            Ok(overview) => {
                self.recent.take(now, &overview);
                self.overview = Some(overview);
                self.made = now;
                self.trouble = None;
            }
            Err(refused) => self.trouble = Some(refused.why),
        }
    }

    /// Time goes by; whether that is to be seen.
    pub(super) fn tick(&mut self, now: Duration) -> bool {
        let before = self.age();
        self.now = now;
        self.age() != before
    }

    /// How many seconds old the figures are, if they are older than they should be.
    fn age(&self) -> Option<u64> {
        let age = self.now.saturating_sub(self.made);
        let missed = self.trouble.is_some() || age >= self.interval + MISSED;
        missed.then_some(age.as_secs())
    }

    /// Does what a key says.
    pub(super) fn step(&mut self, step: Step) {
        let at = VIEWS.iter().position(|view| *view == self.view);
        let (at, views) = (at.unwrap_or_default(), VIEWS.len());
        match step {
            Step::Next => self.turn_to(VIEWS[(at + 1) % views]),
            Step::Previous => self.turn_to(VIEWS[(at + views - 1) % views]),
            Step::Up(rows) => self.scrolled = self.scrolled.saturating_sub(rows),
            Step::Down(rows) => self.scrolled = self.scrolled.saturating_add(rows),
            Step::End => {}
        }
    }

    fn turn_to(&mut self, view: View) {
        (self.view, self.scrolled) = (view, 0);
    }

    /// Draws it.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let areas = Layout::vertical([
            Constraint::Length(HEAD as u16),
            Constraint::Fill(1),
            Constraint::Length(1),
        ]);
        let [head, body, foot] = areas.areas(frame.area());
        frame.render_widget(Paragraph::new(self.head()), head);
        let text = self.body(usize::from(body.height));
        frame.render_widget(Paragraph::new(text), body);
        frame.render_widget(Paragraph::new(help()), foot);
    }

    /// All of the overview as text, in lines of at most so many columns.
    pub(super) fn text(&self, width: u16) -> String {
        let mut lines = Vec::new();
        if let Some(overview) = &self.overview {
            lines.extend(summary(overview));
            for section in self.sections(overview) {
                lines.push(String::new());
                lines.push(section.title);
                lines.extend(section.lines);
            }
        }
        let cut = |line: String| cut(&line, usize::from(width)).trim_end().to_owned();
        lines.into_iter().map(cut).collect::<Vec<_>>().join("\n")
    }

    fn head(&self) -> Text<'static> {
        let mut lines: Vec<Line<'static>> = Vec::new();
        if let Some(overview) = &self.overview {
            lines.extend(summary(overview).map(Line::from));
            lines[0] = lines[0].clone().bold();
        }
        lines.push(match self.age() {
            None => Line::default(),
            Some(age) => {
                let why = self.trouble.as_deref().unwrap_or("the gateway is silent");
                let text = format!("As of {} ago: {why}", time(age));
                Line::styled(text, Style::new().fg(Color::Red).bold())
            }
        });
        let views = VIEWS.iter().flat_map(|&view| {
            let name = format!(" {view:?} ");
            let name = match view == self.view {
                true => Span::from(name).reversed(),
                false => Span::from(name),
            };
            [name, Span::from(" ")]
        });
        lines.push(Line::from_iter(views));
        Text::from(lines)
    }

    /// What the view shows in so many lines.
    fn body(&mut self, height: usize) -> Text<'static> {
        let Some(overview) = &self.overview else {
            return Text::default();
        };
        let mut lines = Vec::new();
        if self.view == View::Overview {
            for section in fitted(self.sections(overview), height) {
                lines.extend(section.shown());
            }
            return Text::from(lines);
        }
        let section = self.section(overview, self.view);
        // Two lines are the title and the heads of the columns.
        let room = height.saturating_sub(2);
        let rows = section.lines.len().saturating_sub(1);
        self.scrolled = self.scrolled.min(rows.saturating_sub(room));
        let Section { title, mut lines } = section;
        lines.drain(1.min(lines.len())..(1 + self.scrolled).min(lines.len()));
        Text::from_iter(Section { title, lines }.shown())
    }

    fn sections(&self, overview: &Overview) -> Vec<Section> {
        let views = [
            View::Carriers,
            View::Customers,
            View::Lanes,
            View::Times,
            View::Errors,
        ];
        let section = |view| match view {
            View::Customers => customers(overview, is_busy),
            view => self.section(overview, view),
        };
        views.map(section).into()
    }

    fn section(&self, overview: &Overview, view: View) -> Section {
        match view {
            View::Overview | View::Carriers => carriers(overview),
            View::Customers => customers(overview, |_| true),
            View::Binds => binds(overview),
            View::Lanes => lanes(overview),
            View::Times => self.times(),
            View::Errors => self.errors(overview),
        }
    }

    /// Since when what is counted lately counts.
    fn lately(&self) -> String {
        let span = self.recent.span();
        span.map_or_else(
            || "since the start".to_owned(),
            |span| format!("in the last {}", time(span.as_secs())),
        )
    }

    fn times(&self) -> Section {
        let row = |stage: &Stage| {
            let at_most = |share| match stage.within_quantile(share) {
                Some(seconds) => format!("<= {seconds} s"),
                None if stage.count == 0 => "-".to_owned(),
                None => "longer".to_owned(),
            };
            let name = match stage.stage.as_str() {
                "accepted_to_durable" => "accepted to on disk",
                "accepted_to_carrier" => "accepted to carrier",
                "carrier_to_receipt" => "carrier to receipt",
                "receipt_to_customer" => "receipt to customer",
                "journal_append" => "one write to the disk",
                other => other,
            };
            [
                name.to_owned(),
                at_most(0.5),
                at_most(0.99),
                stage.count.to_string(),
            ]
        };
        let heads = ["FROM - TO", "HALF", "99 OF 100", "MEASURED"];
        let rows: Vec<_> = self.recent.stages().iter().map(row).collect();
        section(&format!("TIMES {}", self.lately()), &heads, rows, 0)
    }

    fn errors(&self, overview: &Overview) -> Section {
        let rows = overview.faults.iter().map(|fault| {
            let lately = self.recent.faults(fault);
            [
                if fault.side.is_empty() {
                    "-".to_owned()
                } else {
                    fault.side.clone()
                },
                if fault.name.is_empty() {
                    "-".to_owned()
                } else {
                    name(&fault.name)
                },
                fault.count.to_string(),
                lately.map_or_else(|| "-".to_owned(), |count| count.to_string()),
                fault.what.clone(),
            ]
        });
        let mut rows: Vec<_> = rows.collect();
        // What goes wrong now stands above what went wrong once.
        let lately = |row: &[String; 5]| row[3].parse().unwrap_or(0_u64);
        rows.sort_by_key(|row| core::cmp::Reverse(lately(row)));
        let heads = ["SIDE", "NAME", "TOTAL", "LATELY", "WHAT"];
        let title = format!("ERRORS since the start; LATELY is {}", self.lately());
        let title = match self.recent.span() {
            Some(_) => title.as_str(),
            None => "ERRORS since the start",
        };
        section(title, &heads, rows, overview.left_out.faults)
    }
}

impl Section {
    fn shown(self) -> impl Iterator<Item = Line<'static>> {
        let title = Line::from(self.title).bold();
        let mut lines = self.lines.into_iter();
        let heads = lines.next().map(|heads| Line::from(heads).underlined());
        core::iter::once(title)
            .chain(heads)
            .chain(lines.map(Line::from))
    }
}

fn section<const N: usize>(
    title: &str,
    heads: &[&str; N],
    rows: Vec<[String; N]>,
    left_out: usize,
) -> Section {
    let left_out = match left_out {
        0 => String::new(),
        n => format!(", {n} more are left out"),
    };
    if rows.is_empty() {
        return Section {
            title: format!("{title}: none"),
            lines: Vec::new(),
        };
    }
    Section {
        title: format!("{title}{left_out}"),
        lines: table(heads, rows.into_iter())
            .lines()
            .map(str::to_owned)
            .collect(),
    }
}

/// As many rows of each section as there is room for: the short ones whole, the rest in equal shares.
fn fitted(mut sections: Vec<Section>, height: usize) -> Vec<Section> {
    let whole: Vec<usize> = sections.iter().map(|section| section.lines.len()).collect();
    let mut room = height.saturating_sub(sections.len());
    let mut given = vec![0; sections.len()];
    while room > 0 && given != whole {
        for (given, whole) in given.iter_mut().zip(&whole) {
            if *given < *whole && room > 0 {
                *given += 1;
                room -= 1;
            }
        }
    }
    for (section, given) in sections.iter_mut().zip(given) {
        let rows = section.lines.len().saturating_sub(1);
        if given < section.lines.len() {
            let shown = given.saturating_sub(1);
            section.title += &format!(" ({shown} of {rows})");
        }
        section.lines.truncate(given);
    }
    sections
}

fn help() -> Line<'static> {
    Line::from(" q quit   Tab \u{2190} \u{2192} next view   \u{2191} \u{2193} PgUp PgDn scroll ")
        .dim()
}

fn summary(overview: &Overview) -> [String; 3] {
    let Overview {
        version,
        up_seconds,
        rate_in,
        rate_out,
        counts,
        ..
    } = overview;
    let Counts {
        messages,
        waiting,
        sending,
        in_doubt,
        awaiting_receipt,
        deliveries,
        unmatched,
        memory,
        memory_max,
        disk_level,
    } = counts;
    let up = time(*up_seconds);
    let draining = if overview.draining {
        "  GOING DOWN"
    } else {
        ""
    };
    let disk = match disk_level {
        0 => "enough",
        1 => "LOW: no new messages",
        2 => "SCARCE: nothing is sent",
        _ => "FULL: only the reserve",
    };
    let (memory, memory_max) = (octets(*memory), octets(*memory_max));
    [
        format!(
            "bindery {version}  up {up}  in {rate_in:.1}/s  out {rate_out:.1}/s  disk {disk}{draining}"
        ),
        format!(
            "messages {messages}: {waiting} waiting, {sending} sending, {in_doubt} in doubt, {awaiting_receipt} await a receipt"
        ),
        format!(
            "to customers {deliveries} waiting  receipts unmatched {unmatched}  memory {memory} of {memory_max}"
        ),
    ]
}

fn carriers(overview: &Overview) -> Section {
    let rows = overview.carriers.iter().map(|carrier| {
        let [rate_in, rate_out, error] = traffic(&carrier.traffic);
        [
            name(&carrier.name),
            carrier.state.clone(),
            format!("{}/{}", carrier.binds, carrier.binds_wanted),
            rate_in,
            rate_out,
            carrier.waiting.to_string(),
            carrier.sending.to_string(),
            carrier.in_doubt.to_string(),
            error,
        ]
    });
    let heads = [
        "CARRIER",
        "STATE",
        "BINDS",
        "IN/S",
        "OUT/S",
        "WAITING",
        "SENDING",
        "DOUBT",
        "LAST ERROR",
    ];
    section(
        "CARRIERS",
        &heads,
        rows.collect(),
        overview.left_out.carriers,
    )
}

/// Whether there is anything to tell of it.
fn is_busy(customer: &CustomerRow) -> bool {
    let waits = customer.deliveries + customer.owed > 0;
    let trouble = customer.traffic.last_error.is_some() || customer.state != "open";
    customer.binds > 0 || waits || trouble
}

fn customers(overview: &Overview, shown: fn(&CustomerRow) -> bool) -> Section {
    let all = &overview.customers;
    let rows = all
        .iter()
        .filter(|&customer| shown(customer))
        .map(|customer| {
            let [rate_in, rate_out, error] = traffic(&customer.traffic);
            [
                name(&customer.name),
                customer.state.clone(),
                format!("{}/{}", customer.binds, customer.binds_max),
                rate_in,
                rate_out,
                customer.deliveries.to_string(),
                customer.owed.to_string(),
                error,
            ]
        });
    let heads = [
        "CUSTOMER",
        "STATE",
        "BINDS",
        "IN/S",
        "OUT/S",
        "TO DELIVER",
        "OWED",
        "LAST ERROR",
    ];
    let rows: Vec<_> = rows.collect();
    let title = match all.len() - rows.len() {
        0 => "CUSTOMERS".to_owned(),
        idle => format!("CUSTOMERS, without {idle} that are not here"),
    };
    section(&title, &heads, rows, overview.left_out.customers)
}

fn binds(overview: &Overview) -> Section {
    let rows = overview.binds.iter().map(|bind| {
        let traffic = Traffic {
            rate_in: bind.rate_in,
            rate_out: bind.rate_out,
            last_error: bind.last_error.clone(),
        };
        let [rate_in, rate_out, error] = self::traffic(&traffic);
        [
            bind.id.clone(),
            name(&bind.name),
            bind.kind.clone(),
            time(bind.seconds),
            format!("{}/{}", bind.ours.used, bind.ours.size),
            format!("{}/{}", bind.theirs.used, bind.theirs.size),
            rate_in,
            rate_out,
            error,
        ]
    });
    let heads = [
        "ID",
        "NAME",
        "KIND",
        "STANDS",
        "OURS",
        "THEIRS",
        "IN/S",
        "OUT/S",
        "LAST ERROR",
    ];
    section("BINDS", &heads, rows.collect(), overview.left_out.binds)
}

/// Only what waits: which carrier has nothing is in the list of carriers.
fn lanes(overview: &Overview) -> Section {
    let rows = overview.lanes.iter().flat_map(|lane| {
        let queues = lane.queues.iter().map(|queue| {
            [
                name(&lane.carrier),
                queue.class.to_string(),
                name(&queue.customer),
                queue.messages.to_string(),
                time(queue.oldest_seconds),
                if queue.held { "held" } else { why(lane) }.to_owned(),
            ]
        });
        let due = lane.next_due_seconds.unwrap_or_default();
        let later = (lane.later > 0).then(|| {
            [
                name(&lane.carrier),
                "later".to_owned(),
                "-".to_owned(),
                lane.later.to_string(),
                format!("due in {}", time(due)),
                why(lane).to_owned(),
            ]
        });
        queues.chain(later).collect::<Vec<_>>()
    });
    let heads = [
        "CARRIER", "CLASS", "CUSTOMER", "MESSAGES", "OLDEST", "STATE",
    ];
    section("WAITING", &heads, rows.collect(), overview.left_out.queues)
}

fn why(lane: &Lane) -> &'static str {
    match lane {
        Lane { held: true, .. } => "held",
        Lane {
            standing: Standing::Paused,
            ..
        } => "paused",
        Lane { binds: 0, .. } => "no bind",
        Lane { .. } => "goes on",
    }
}

fn traffic(traffic: &Traffic) -> [String; 3] {
    let error = traffic.last_error.as_deref().unwrap_or("-");
    [
        format!("{:.1}", traffic.rate_in),
        format!("{:.1}", traffic.rate_out),
        error.to_owned(),
    ]
}

fn name(name: &str) -> String {
    cut(name, NAME_MAX)
}

/// The first so many characters; an ellipsis says that there were more.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept = text.chars().take(most.saturating_sub(1));
    kept.chain(['\u{2026}']).collect()
}

fn octets(octets: u64) -> String {
    let kib = octets as f64 / 1024.0;
    match octets {
        0..0x10_0000 => format!("{kib:.0} KiB"),
        0x10_0000..0x4000_0000 => format!("{:.0} MiB", kib / 1024.0),
        _ => format!("{:.1} GiB", kib / 1024.0 / 1024.0),
    }
}

#[cfg(test)]
mod tests;
