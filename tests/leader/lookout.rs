//! Sees whether two claims ever stand at once.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tracktik_operator::cluster::Claim;

/// Asks all claims again and again, in a thread of its own, which no busy runtime holds up.
pub struct Lookout {
    seen: Arc<Seen>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    claims: Mutex<Vec<Claim>>,
    most: AtomicUsize,
    rounds: AtomicUsize,
    done: AtomicBool,
}

impl Seen {
    /// How many claims stand at one instant: those that stood before all of them were asked, and still do.
    fn look(&self) {
        let claims = self.claims.lock().unwrap().clone();
        let before: Vec<&Claim> = claims.iter().filter(|claim| claim.is_current()).collect();
        let together = before.into_iter().filter(|claim| claim.is_current()).count();
        self.most.fetch_max(together, Ordering::Relaxed);
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }
}

/// Takes claims to look at.
pub struct Claims(Arc<Seen>);

impl Claims {
    pub fn watch(&self, claim: Claim) {
        self.0.claims.lock().unwrap().push(claim);
    }
}

impl Lookout {
    pub fn new() -> Self {
        let seen = Arc::new(Seen::default());
        let looking = Arc::clone(&seen);
        let thread = thread::spawn(move || {
            while !looking.done.load(Ordering::Relaxed) {
                looking.look();
                thread::sleep(Duration::from_millis(1));
            }
        });
        Self {
            seen,
            thread: Some(thread),
        }
    }

    /// Where claims are handed in.
    pub fn claims(&self) -> Claims {
        Claims(Arc::clone(&self.seen))
    }

    /// Fails where two claims stood at once; tells how many there were in all.
    pub fn no_two_at_once(mut self) -> usize {
        self.seen.done.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        assert!(self.seen.rounds.load(Ordering::Relaxed) > 0, "it never looked");
        let most = self.seen.most.load(Ordering::Relaxed);
        assert!(most <= 1, "{most} claims stood at once");
        self.seen.claims.lock().unwrap().len()
    }
}

impl Drop for Lookout {
    /// A test that asks for nothing more must not leave it looking beside the others.
    fn drop(&mut self) {
        self.seen.done.store(true, Ordering::Relaxed);
    }
}

#[test]
fn two_claims_at_once_are_seen() {
    let lookout = Lookout::new();
    let claims = lookout.claims();
    claims.watch(Claim::without_election());
    claims.watch(Claim::without_election());
    claims.0.look();
    let asked = AssertUnwindSafe(|| lookout.no_two_at_once());
    assert!(std::panic::catch_unwind(asked).is_err());
}
