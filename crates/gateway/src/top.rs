//! `bindery top`: how the running gateway does, second by second, in a terminal.

mod recent;
mod screen;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::ctl::{self, Place};
use crate::orders::{self, Done, Order, Refused};
use crate::overview::Overview;
use screen::{Screen, Step};

const EXAMPLES: &str = "\
Examples:
  bindery top
      A live view: traffic, carriers, customers, binds, what waits, times, errors
  bindery top --once
      The same once, as text
  bindery top --once --json | jq .counts.waiting
      One JSON object for a script
Keys: q ends; Tab and the arrows left and right go from view to view, those up and down move in it.
Ends with 1 if no gateway runs there.";

/// How often keys are looked for; nobody notices such a delay.
const KEYS_EVERY: Duration = Duration::from_millis(50);

/// How wide a frame is that nobody looks at in a terminal.
const WIDTH: u16 = 100;

/// Watch the running gateway: rates, binds, what waits, times and errors, live
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// One frame as text, and end
    #[arg(long)]
    once: bool,
    /// With --once: one JSON object
    #[arg(long, requires = "once")]
    json: bool,
    /// Seconds from one frame to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=60))]
    interval: u64,
}

/// Shows it until the operator has seen enough.
pub(crate) fn run(args: &Args) -> ExitCode {
    ctl::ended(args.place.data_dir().and_then(|dir| {
        if args.once {
            return once(&dir, args.json);
        }
        watch(&dir, Duration::from_secs(args.interval))
    }))
}

/// How it does now.
fn ask(data_dir: &Path) -> Result<Overview, Refused> {
    match orders::give(data_dir, Order::Overview)? {
        Done::Overview(overview) => Ok(*overview),
        _ => Err(Refused::not_now("the gateway answered something else")),
    }
}

/// One frame for a script.
#[derive(Serialize)]
struct Frame<'a> {
    #[serde(flatten)]
    overview: &'a Overview,
    /// Of each stage, how long half of all and 99 of 100 took at most, in seconds; none was measured, or too long to be told: null.
    times: Vec<Times<'a>>,
}

#[derive(Serialize)]
struct Times<'a> {
    stage: &'a str,
    p50: Option<f64>,
    p99: Option<f64>,
}

fn once(data_dir: &Path, json: bool) -> Result<String, Refused> {
    let overview = ask(data_dir)?;
    if json {
        let times = overview.stages.iter().map(|stage| Times {
            stage: &stage.stage,
            p50: stage.within_quantile(0.5),
            p99: stage.within_quantile(0.99),
        });
        let frame = Frame {
            overview: &overview,
            times: times.collect(),
        };
        return Ok(serde_json::to_string(&frame).expect("text and numbers"));
    }
    let mut screen = Screen::default();
    screen.show(Duration::ZERO, Ok(overview));
    Ok(screen.text(WIDTH))
}

fn watch(data_dir: &Path, interval: Duration) -> Result<String, Refused> {
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if !terminal {
        return Err(Refused::wrong(
            "this is no terminal to draw in: bindery top --once writes one frame as text",
        ));
    }
    // Who asks for a gateway that does not run is told so as by every other command.
    let first = ask(data_dir)?;
    let end = Arc::new(AtomicBool::new(false));
    let no_terminal = |error: std::io::Error| Refused::not_now(format!("the terminal: {error}"));
    for signal in [SIGTERM, SIGHUP, SIGINT] {
        signal_hook::flag::register(signal, end.clone()).map_err(no_terminal)?;
    }
    let mut terminal = ratatui::try_init().map_err(no_terminal)?;
    let (_stop, frames) = frames(data_dir, interval);
    let mut screen = Screen::every(interval);
    screen.show(Duration::ZERO, Ok(first));
    let outcome = turn(&mut terminal, &mut screen, &frames, &end);
    ratatui::restore();
    outcome.map(|()| String::new()).map_err(no_terminal)
}

/// Asks again and again, in a thread of its own: a gateway that takes its time holds up no key. It ends with the first half.
fn frames(
    data_dir: &Path,
    interval: Duration,
) -> (mpsc::Sender<()>, Receiver<Result<Overview, Refused>>) {
    let (stop, stopped) = mpsc::channel::<()>();
    let (give, frames) = mpsc::channel();
    let data_dir = data_dir.to_owned();
    std::thread::spawn(move || {
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(interval) {
            if give.send(ask(&data_dir)).is_err() {
                return;
            }
        }
    });
    (stop, frames)
}

/// Draws whatever is new, and does what the keys say, until one of them or a signal says that it is enough.
fn turn(
    terminal: &mut DefaultTerminal,
    screen: &mut Screen,
    frames: &Receiver<Result<Overview, Refused>>,
    end: &AtomicBool,
) -> std::io::Result<()> {
    let start = Instant::now();
    terminal.draw(|frame| screen.draw(frame))?;
    while !end.load(Ordering::Relaxed) {
        let mut changed = false;
        if event::poll(KEYS_EVERY)? {
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => match step(key) {
                    Some(Step::End) => return Ok(()),
                    Some(step) => {
                        screen.step(step);
                        changed = true;
                    }
                    None => {}
                },
                Event::Resize(..) => changed = true,
                _ => {}
            }
        }
        match frames.try_recv() {
            Ok(frame) => {
                screen.show(start.elapsed(), frame);
                changed = true;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(()),
        }
        changed |= screen.tick(start.elapsed());
        if changed {
            terminal.draw(|frame| screen.draw(frame))?;
        }
    }
    Ok(())
}

/// What a key means.
fn step(key: KeyEvent) -> Option<Step> {
    Some(match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Step::End,
        KeyCode::Char('q') | KeyCode::Esc => Step::End,
        KeyCode::Tab | KeyCode::Right => Step::Next,
        KeyCode::BackTab | KeyCode::Left => Step::Previous,
        KeyCode::Up => Step::Up(1),
        KeyCode::Down => Step::Down(1),
        KeyCode::PageUp => Step::Up(10),
        KeyCode::PageDown => Step::Down(10),
        KeyCode::Home => Step::Up(usize::MAX),
        _ => return None,
    })
}
