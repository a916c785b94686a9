//! `make demo`: the operator's whole story in less than three minutes, on a control plane of its own.
//!
//! ```text
//! bin/demo ─► run (this file): signals, the order of start and stop, the exit code
//!              ├─ stage      what is started: control plane, simulator, CRD, rights, operator
//!              ├─ story      what happens, in a table ─► steps ─► watching   waits for what the operator does
//!              ├─ pod        a mounted Secret ─► mounted_secret, and in it the reader
//!              ├─ events     shown as they come
//!              ├─ looking_around  what one can do with all that stays up
//!              ├─ tally      the last line, and whether the records bear it out
//!              └─ terminal   what all of it is shown on
//! ```
//!
//! The last line is for scripts, `demo: issued=5 renewed=1 reader_requests=1250 reader_failures=0`; what its figures
//! count is defined in [`tally`]. The exit code is 0 only if every step came in its time, TrackTik granted and refused
//! exactly the logins that the story asks for, and no request of the reader failed.
//!
//! Whatever is started ends with this process, also if it is killed: the simulator runs in it, the others under
//! supervisors that watch their standard input.

mod events;
mod looking_around;
mod mounted_secret;
mod pod;
mod reader;
mod stage;
mod steps;
mod story;
mod tally;
mod terminal;
mod watching;

use std::{error::Error, io, path::PathBuf};

use tokio::signal::unix::{Signal, SignalKind, signal};

use self::{stage::Stage, story::Story, tally::Tally, terminal::Terminal};

/// Why the demo cannot go on, in words for its user.
type Problem = Box<dyn Error + Send + Sync>;
type Outcome = Result<(), Problem>;

/// As after a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
/// How many lines of the operator's log are shown when a step fails.
const LOG_LINES: usize = 15;

/// How the demo is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The operator's binary.
    pub operator: PathBuf,
    /// Leave everything up after the story, until Ctrl-C.
    pub keep: bool,
}

/// Plays the demo and stops all that it started. Returns the exit code.
///
/// # Errors
/// When signals cannot be listened to.
pub async fn run(options: &Options) -> io::Result<u8> {
    // Before anything is started: from here on Ctrl-C ends the demo in order.
    let mut signals = Signals::new()?;
    let terminal = Terminal::new();
    let set = tokio::select! {
        biased;
        () = signals.any() => return Ok(interrupted()),
        set = Stage::set(&options.operator, terminal) => set,
    };
    let stage = match set {
        Ok(stage) => stage,
        Err(problem) => return Ok(failed(&terminal, &problem)),
    };
    let played = tokio::select! {
        biased;
        () = signals.any() => None,
        played = Story::play(&stage) => Some(played),
        problem = stage.broken() => Some(Err(problem)),
    };
    let code = match played {
        None => interrupted(),
        Some(Ok(tally)) => told(&tally),
        Some(Err(problem)) => {
            show_log(&stage);
            failed(&terminal, &problem)
        }
    };
    if options.keep && code != INTERRUPTED {
        if let Err(problem) = looking_around::show(&stage).await {
            Terminal::plain(&format!("\ndemo: {}", with_causes(problem.as_ref())));
        }
        signals.any().await;
        Terminal::plain("\ndemo: stopping");
    }
    // Asked twice, it does not wait any longer: the supervisors do the rest.
    tokio::select! {
        biased;
        () = signals.any() => {}
        () = stage.stop() => {
            if options.keep || code == INTERRUPTED {
                Terminal::plain("demo: stopped, all removed");
            }
        }
    }
    Ok(code)
}

fn told(tally: &Tally) -> u8 {
    Terminal::plain("");
    let problems = tally.problems();
    for problem in &problems {
        Terminal::plain(&format!("demo: FAILED: {problem}"));
    }
    Terminal::plain(&tally.summary());
    u8::from(!problems.is_empty())
}

fn failed(terminal: &Terminal, problem: &Problem) -> u8 {
    let seconds = terminal.seconds();
    Terminal::plain(&format!(
        "\ndemo: FAILED after {seconds:.1} s: {}",
        with_causes(problem.as_ref())
    ));
    1
}

/// An error and what it comes from, in one line.
fn with_causes(problem: &(dyn Error + 'static)) -> String {
    let mut text = problem.to_string();
    let mut cause = problem.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn interrupted() -> u8 {
    Terminal::plain("\ndemo: interrupted, stopping what was started");
    INTERRUPTED
}

fn show_log(stage: &Stage) {
    let log = stage.operator.logs();
    Terminal::plain("\nthe end of the operator's log:");
    for line in &log[log.len().saturating_sub(LOG_LINES)..] {
        Terminal::plain(&format!("  {line}"));
    }
}

/// The signals by which people and programs end a program.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> io::Result<Self> {
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
