//! How a scene ends: well, or with what was not as it should be, in words. And waiting, which says what it waited for.

use std::{
    fmt::Display,
    future::Future,
    time::{Duration, Instant},
};

/// What a scene comes to.
pub type Outcome<T = ()> = Result<T, Problem>;

/// What was not as it should be.
#[derive(Debug)]
pub struct Problem(pub String);

impl<E: Display> From<E> for Problem {
    fn from(problem: E) -> Self {
        Self(problem.to_string())
    }
}

/// What must hold.
pub fn hold(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Problem(otherwise())) }
}

/// Until there is something, looked for every tenth of a second; what is missing meanwhile is told if it never comes.
pub async fn until<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> Outcome<T>
where
    F: Future<Output = Outcome<T>>,
{
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(Problem(problem)) if begun.elapsed() > limit => {
                return Err(Problem(format!("{what} was not there within {limit:?}: {problem}")));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
