//! What a child process has written so far, line by line, and waiting for a line to appear. Filled by
//! threads, not by tasks: a control plane shared by several tests outlives the runtime of each.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::watch;

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line, without its end.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it was written.
    pub stream: Stream,
    /// The text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// The lines of one process in the order of their arrival. Clones show the same lines.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Vec<Line>>,
    /// How many streams may still bring lines; sent anew with each line, to wake those who wait.
    open_streams: watch::Sender<usize>,
}

impl Transcript {
    /// Collects the lines of `input` until it ends, and copies them to `copy` if there is one.
    pub(crate) fn collect(&self, stream: Stream, input: impl Read + Send + 'static, mut copy: Option<File>) {
        self.shared.open_streams.send_modify(|open| *open += 1);
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || {
            let mut input = BufReader::new(input);
            let mut bytes = Vec::new();
            while matches!(input.read_until(b'\n', &mut bytes), Ok(length) if length > 0) {
                if let Some(file) = &mut copy {
                    // The copy is for a person after a failure; a full disk must not add another.
                    let _ = file.write_all(&bytes);
                }
                let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                bytes.clear();
                shared.lock().push(Line { stream, text });
                shared.open_streams.send_modify(|_| ());
            }
            shared.open_streams.send_modify(|open| *open -= 1);
        });
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.shared.lock().clone()
    }

    /// The last `count` lines as one text, for an error message.
    #[must_use]
    pub fn tail(&self, count: usize) -> String {
        let lines = self.shared.lock();
        let last = &lines[lines.len().saturating_sub(count)..];
        last.iter().flat_map(|line| ["  ", &line.text, "\n"]).collect()
    }

    /// The first line, present or future, for which `matches` gives a value. None once no line can
    /// come any more. Waits without limit: the caller knows how long is too long.
    pub async fn find<T>(&self, mut matches: impl FnMut(&Line) -> Option<T>) -> Option<T> {
        let mut changes = self.shared.open_streams.subscribe();
        let mut seen = 0;
        loop {
            // Read before the lines: a stream that closes after this wakes us once more.
            let open = *changes.borrow_and_update();
            {
                let lines = self.shared.lock();
                if let Some(found) = lines[seen..].iter().find_map(&mut matches) {
                    return Some(found);
                }
                seen = lines.len();
            }
            if open == 0 {
                return None;
            }
            changes.changed().await.ok()?;
        }
    }
}

impl Shared {
    /// A panic of another holder leaves the list whole: each change of it is a single push.
    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
