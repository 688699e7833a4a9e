//! Lives through many hostile days, one per seed: `sim --seeds N [--from S] [--long]`, or `sim --seed X [--long]` to see all of one.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use sim::{LONG, SHORT, Size, storm, told};

/// What the command line says.
struct Asked {
    seed: Option<u64>,
    from: u64,
    seeds: u64,
    size: Size,
}

fn main() -> ExitCode {
    let asked = match Asked::read(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(wrong) => {
            say(&format!(
                "{wrong}\nsim --seeds N [--from S] [--long], or sim --seed X [--long]"
            ));
            return ExitCode::from(2);
        }
    };
    let well = match asked.seed {
        Some(seed) => one(seed, asked.size),
        None => many(&asked),
    };
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One day in words.
fn one(seed: u64, size: Size) -> bool {
    let (events, lived) = told(seed, size, None);
    for event in &events {
        say(event);
    }
    match lived {
        Ok(summary) => say(&format!("seed {seed}: {summary:?}")),
        Err(ref wrong) => say(&format!("seed {seed}: {wrong}")),
    }
    lived.is_ok()
}

/// Many days; the events of those that went wrong.
fn many(asked: &Asked) -> bool {
    let started = Instant::now();
    let (mut failed, mut submitted, mut starts) = (Vec::new(), 0, 0);
    for number in 0..asked.seeds {
        let seed = asked.from + number;
        match storm(seed, asked.size, None) {
            Ok(summary) => {
                submitted += summary.submitted;
                starts += summary.starts;
            }
            Err(failure) => {
                say(&format!("{failure}\n"));
                failed.push(seed);
            }
        }
        progress(number + 1, asked.seeds, failed.len(), started);
    }
    say(&format!(
        "{} seeds, {submitted} messages, {starts} starts, {:.0} s; failed: {failed:?}",
        asked.seeds,
        started.elapsed().as_secs_f64()
    ));
    failed.is_empty()
}

fn progress(done: u64, all: u64, failed: usize, started: Instant) {
    const WIDTH: u64 = 40;
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let full = (done * WIDTH / all) as usize;
    let rate = done as f64 / started.elapsed().as_secs_f64();
    let end = if done == all { "\n" } else { "" };
    // Nobody misses a bar that cannot be drawn.
    let _ = write!(
        out,
        "\r[{:<40}] {done}/{all}, {rate:.0} a second, {failed} failed{end}",
        "#".repeat(full)
    );
}

/// Nobody is there to hear of a failure to write.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

impl Asked {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
        let mut asked = Asked {
            seed: None,
            from: 1,
            seeds: 1000,
            size: SHORT,
        };
        while let Some(word) = words.next() {
            let mut number = || {
                let next = words.next().and_then(|text| text.parse().ok());
                next.ok_or(format!("{word} needs a number"))
            };
            match word.as_str() {
                "--seed" => asked.seed = Some(number()?),
                "--from" => asked.from = number()?,
                "--seeds" => asked.seeds = number()?,
                "--long" => asked.size = LONG,
                other => return Err(format!("{other} is not known")),
            }
        }
        Ok(asked)
    }
}
