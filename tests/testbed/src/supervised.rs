//! Child processes that cannot outlive the process that started them. The child reads its standard
//! input and ends when that ends; the kernel closes our end of it whatever becomes of us.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{ChildStdin, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use serde::de::DeserializeOwned;
use tokio::{sync::watch, time::timeout};

use crate::transcript::{Line, Stream, Transcript};

/// How long the lines of a child that has ended may be on their way.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Why a child did not do what was asked of it. Each message ends with what the child wrote last.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program or its log file could not be opened.
    #[error("starting {name}")]
    Start {
        /// What the child is called.
        name: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It ended while something was still expected of it.
    #[error("{name} ended ({status}) while {awaited} was awaited; it wrote:\n{tail}")]
    Ended {
        /// What the child is called.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// What was expected.
        awaited: String,
        /// Its last lines.
        tail: String,
    },
    /// It lives, but did not answer in time.
    #[error("{name}: {awaited} did not come within {limit:?}; it wrote:\n{tail}")]
    Late {
        /// What the child is called.
        name: String,
        /// What was expected.
        awaited: String,
        /// How long was waited.
        limit: Duration,
        /// Its last lines.
        tail: String,
    },
    /// A line on its standard output is not the JSON that was expected.
    #[error("{name} wrote {line:?}, which is not the expected JSON")]
    Unreadable {
        /// What the child is called.
        name: String,
        /// The line.
        line: String,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// It takes no orders any more.
    #[error("writing to {name}")]
    Write {
        /// What the child is called.
        name: String,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A running child. Dropping it closes the child's standard input, which is the order to end; use
/// [`Supervised::stop`] to wait until it has. Not bound to a runtime: tests of one binary may share it.
#[derive(Debug)]
pub struct Supervised {
    name: String,
    pid: u32,
    stdin: Mutex<Option<ChildStdin>>,
    transcript: Transcript,
    /// How many lines of standard output have been taken as answers; held for a whole question, so
    /// that two who ask at once get their own answers.
    answers_taken: tokio::sync::Mutex<usize>,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Supervised {
    /// Starts `command` with all three streams piped; what it writes is kept in memory, and copied to
    /// the file `log` if one is named.
    ///
    /// # Errors
    /// [`Error::Start`] if the program or the file cannot be opened.
    pub fn spawn(name: &str, mut command: Command, log: Option<&Path>) -> Result<Self, Error> {
        let start_error = |source| Error::Start {
            name: name.to_owned(),
            source,
        };
        let log = log.map(File::create).transpose().map_err(start_error)?;
        let second_log = log.as_ref().map(File::try_clone).transpose().map_err(start_error)?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Else Ctrl-C in a terminal would reach the child as well, and it would end before whoever started it
            // could put its things in order.
            .process_group(0);
        let mut child = command.spawn().map_err(start_error)?;

        let transcript = Transcript::default();
        if let Some(stdout) = child.stdout.take() {
            transcript.collect(Stream::Stdout, stdout, log);
        }
        if let Some(stderr) = child.stderr.take() {
            transcript.collect(Stream::Stderr, stderr, second_log);
        }
        let (pid, stdin) = (child.id(), Mutex::new(child.stdin.take()));
        let (ended, exit) = watch::channel(None);
        thread::spawn(move || {
            // An error means that somebody else reaped it; those who wait then see the closed channel.
            if let Ok(status) = child.wait() {
                ended.send_replace(Some(status));
            }
        });
        let answers_taken = tokio::sync::Mutex::new(0);
        Ok(Self {
            name: name.to_owned(),
            pid,
            stdin,
            transcript,
            answers_taken,
            exit,
        })
    }

    /// The next line of standard output, read as JSON. Use it for the line that says "ready".
    ///
    /// # Errors
    /// [`Error::Ended`], [`Error::Late`] after `limit`, [`Error::Unreadable`].
    pub async fn answer<T: DeserializeOwned>(&self, limit: Duration) -> Result<T, Error> {
        let mut taken = self.answers_taken.lock().await;
        self.next_answer(&mut taken, limit).await
    }

    /// Writes one line to the child and reads its answer.
    ///
    /// # Errors
    /// [`Error::Write`], and those of [`Supervised::answer`].
    pub async fn ask<T: DeserializeOwned>(&self, order: &str, limit: Duration) -> Result<T, Error> {
        let mut taken = self.answers_taken.lock().await;
        self.write_line(order).map_err(|source| Error::Write {
            name: self.name.clone(),
            source,
        })?;
        self.next_answer(&mut taken, limit).await
    }

    async fn next_answer<T: DeserializeOwned>(&self, taken: &mut usize, limit: Duration) -> Result<T, Error> {
        let mut to_skip = *taken;
        let next = |line: &Line| {
            if line.stream != Stream::Stdout {
                return None;
            }
            let old = to_skip > 0;
            to_skip = to_skip.saturating_sub(1);
            (!old).then(|| line.text.clone())
        };
        let line = self.find("an answer", limit, next).await?;
        *taken += 1;
        serde_json::from_str(&line).map_err(|source| Error::Unreadable {
            name: self.name.clone(),
            line,
            source,
        })
    }

    /// The first line, present or future, for which `matches` gives a value; `awaited` names it in
    /// the error.
    ///
    /// # Errors
    /// [`Error::Ended`] once no line can come any more, [`Error::Late`] after `limit`.
    pub async fn find<T>(
        &self,
        awaited: &str,
        limit: Duration,
        matches: impl FnMut(&Line) -> Option<T>,
    ) -> Result<T, Error> {
        let (name, awaited) = (self.name.clone(), awaited.to_owned());
        match timeout(limit, self.transcript.find(matches)).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => {
                let status = self.wait().await;
                Err(Error::Ended {
                    name,
                    status,
                    awaited,
                    tail: self.transcript.tail(40),
                })
            }
            Err(_) => Err(Error::Late {
                name,
                awaited,
                limit,
                tail: self.transcript.tail(40),
            }),
        }
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        let stdin = stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(format!("{line}\n").as_bytes())
    }

    /// Waits until the child has ended by itself, and the transcript has its last lines.
    pub async fn wait(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        let status = match exit.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or_default(),
            Err(_) => ExitStatus::default(),
        };
        // Else a test that looks at the log right after the end would miss lines that are on their way. Bounded: what
        // the child started may hold its streams open.
        let _ = timeout(LAST_LINES, self.transcript.find(|_| None::<()>)).await;
        status
    }

    /// Gives the order to end, and waits until the child has.
    pub async fn stop(&self) -> ExitStatus {
        drop(self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.wait().await
    }

    /// The child's process id. Once it has ended, the number may belong to another process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What the child has written.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }
}
