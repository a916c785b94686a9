//! How a command ended, for scripts: the exit codes, each with its meaning.

/// It was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// And all is well.
    Well,
    /// What was looked at is not as it should be; that has been printed.
    NotWell,
    /// Some of what was asked could not be told; what is missing has been printed.
    Untold,
}

impl Verdict {
    /// 0, 3 or 1.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Untold => 1,
            Self::NotWell => 3,
        }
    }

    /// The graver of the two: what is known to be wrong, then what is not known.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotWell, _) | (_, Self::NotWell) => Self::NotWell,
            (Self::Untold, _) | (_, Self::Untold) => Self::Untold,
            _ => Self::Well,
        }
    }
}

/// It was not done, or nobody hears of it.
#[derive(Debug)]
pub enum Failed {
    /// Help or the version was asked for instead.
    Asked(String),
    /// No connection, a missing right, nothing of that name. What is wrong, where, and what to do.
    Undone(String),
    /// The command line is wrong.
    Usage(String),
    /// It was done, and came to no good end: a renewal failed, a token is not fit to be used.
    NotWell(String),
    /// What was waited for did not come in time.
    TimedOut(String),
    /// Whoever read our output has gone: `| head`.
    NobodyListens,
}

impl Failed {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Asked(_) | Self::NobodyListens => 0,
            Self::Undone(_) => 1,
            Self::Usage(_) => 2,
            Self::NotWell(_) => 3,
            Self::TimedOut(_) => 4,
        }
    }

    /// What is said on stderr.
    pub fn told(&self) -> Option<&str> {
        match self {
            Self::Undone(why) | Self::Usage(why) | Self::NotWell(why) | Self::TimedOut(why) => Some(why),
            Self::Asked(_) | Self::NobodyListens => None,
        }
    }
}

/// What `--help` says of them.
pub const EXIT_CODES: &str = "Exit codes:
  0  done, and all is well
  1  it could not be done, or not all of it could be told: no connection, a missing right, nothing of that name
  2  the command line is wrong
  3  something is not well: a credential is not ready, a check found a mistake, a renewal failed
  4  what was waited for did not come in time";
