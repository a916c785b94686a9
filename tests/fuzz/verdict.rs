//! What a parser under test is, and what it says of one input.

/// A parser under test.
#[derive(Clone, Copy, Debug)]
pub struct Parser {
    /// The name of its folder in `corpus/`.
    pub name: &'static str,
    /// Words that mean something to it, beside those that mean something to most.
    pub dictionary: &'static [&'static str],
    /// Parses the bytes and looks at all that came of it.
    pub judge: fn(&[u8]) -> Judgement,
}

/// What became of an input; an error says which property does not hold. A panic of the parser's is a finding as well.
pub type Judgement = Result<Verdict, String>;

/// What a parser made of an input, in a few words from a small set: inputs that differ in them are worth keeping.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It took it.
    Accepted(String),
    /// It refused it.
    Rejected(String),
}

impl Verdict {
    pub fn accepted(behaviour: impl Into<String>) -> Self {
        Self::Accepted(behaviour.into())
    }

    pub fn rejected(behaviour: impl Into<String>) -> Self {
        Self::Rejected(behaviour.into())
    }
}

/// A property: says `why` where it does not hold.
pub fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// A property: two values are the same. They are printed where they are not, so they must be none of a server's secrets;
/// those of a corpus are not.
pub fn same<T: PartialEq + std::fmt::Debug>(left: &T, right: &T, what: &str) -> Result<(), String> {
    ensure(left == right, || format!("{what}: {left:?} is not {right:?}"))
}
