//! The campaign against one parser: its seeds, those seeds grown long, then mutations for as long as there is time.

use std::{
    collections::HashSet,
    iter,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use proptest::{
    prelude::RngExt,
    test_runner::{RngAlgorithm, TestRng},
};
use tracktik_operator::clock::{self, Instant};

use super::{
    corpus,
    finding::{Finding, judged},
    growth::{grown, outgrown},
    mutation::mutated,
    verdict::{Parser, Verdict},
};

/// A linear parser needs seconds for a megabyte where nothing is optimised and the machine is busy. What takes more than
/// linear time and less than this is found by comparison.
const PATIENCE: Duration = Duration::from_mins(2);

/// A longer input is not mutated further, however new its behaviour: it would slow down all that follow.
const LONGEST_PARENT: usize = 6 * 1_024;

/// How long, and by which chance.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    pub parser: Parser,
    pub seconds: u64,
    /// The same seed makes the same inputs in the same order.
    pub seed: u64,
    /// One input that takes longer is a finding.
    pub patience: Duration,
}

/// What a campaign came to, for whoever reads the figures.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub inputs: u64,
    pub accepted: u64,
    pub behaviours: HashSet<Verdict>,
    pub longest: usize,
    pub slowest: Duration,
}

/// Fuzzes one parser, as the two variables say: `FUZZ_SECONDS`, and `FUZZ_SEED` to see a finding again.
pub fn fuzz(parser: Parser) {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        let number = text.parse::<u64>();
        Some(number.unwrap_or_else(|_| panic!("{name} is no whole number: {text}")))
    };
    let campaign = Campaign {
        parser,
        seconds: number("FUZZ_SECONDS").unwrap_or(20),
        seed: number("FUZZ_SEED").unwrap_or(1),
        patience: PATIENCE,
    };
    let began = clock::monotonic();
    let figures = campaign.run().unwrap_or_else(|finding| panic!("{finding}"));
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "fuzz {:<16} {:>8} inputs in {seconds:.0} s, {:.0} % accepted, {} behaviours, longest {} bytes, slowest {} ms, \
         FUZZ_SEED={}",
        parser.name,
        figures.inputs,
        100.0 * precise(figures.accepted) / precise(figures.inputs),
        figures.behaviours.len(),
        figures.longest,
        figures.slowest.as_millis(),
        campaign.seed,
    );
    let refused = figures
        .behaviours
        .iter()
        .any(|verdict| matches!(verdict, Verdict::Rejected(_)));
    assert!(
        figures.accepted > 0 && refused,
        "it says the same of everything: {figures:?}"
    );
}

fn precise(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The input that is being judged, and since when.
type Current = Arc<Mutex<(Instant, Vec<u8>)>>;

impl Campaign {
    /// Runs until the time is up, or something is found. In a thread of its own, so that a parser that does not come back
    /// is found as well.
    pub fn run(self) -> Result<Figures, Box<Finding>> {
        let current: Current = Arc::new(Mutex::new((clock::monotonic(), Vec::new())));
        let (done, result) = mpsc::channel();
        thread::spawn({
            let current = Arc::clone(&current);
            move || {
                // Nobody listens any more where one input took too long.
                let _ = done.send(self.judge_all(&current));
            }
        });
        loop {
            match result.recv_timeout(Duration::from_secs(1)) {
                // Here, where nobody looks how long it takes.
                Ok(result) => return result.map_err(|finding| Box::new(finding.shortened())),
                Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the fuzzer itself has panicked"),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            let (since, input) = current.lock().unwrap().clone();
            if since.elapsed() > self.patience {
                let why = format!("it is not done within {:?}", self.patience);
                return Err(Box::new(Finding::new(self, &input, why)));
            }
        }
    }

    fn judge_all(self, current: &Current) -> Result<Figures, Box<Finding>> {
        let began = clock::monotonic();
        let until = began + Duration::from_secs(self.seconds);
        let mut figures = Figures::default();
        let mut pool: Vec<Vec<u8>> = corpus::seeds(&self.parser).into_iter().map(|seed| seed.bytes).collect();
        for seed in &pool {
            let verdict = self.judge(seed, current, &mut figures)?;
            figures.behaviours.insert(verdict);
        }
        let [short, long] = grown(&pool);
        // How many there is time for differs, so they leave no trace in what follows.
        for input in &short {
            self.judge(input, current, &mut figures)?;
        }
        for (short, long) in iter::zip(&short, &long) {
            let since = clock::monotonic();
            self.judge(long, current, &mut figures)?;
            if let Some(why) = outgrown(&self.parser, short, long, since.elapsed()) {
                return Err(Box::new(Finding::new(self, long, why)));
            }
            // The very long ones come last, and take seconds each where nothing is optimised.
            if began.elapsed().as_secs() * 4 >= self.seconds {
                break;
            }
        }
        let mut rng = self.rng();
        while clock::monotonic() < until {
            let parent = &pool[rng.random_range(0..pool.len())];
            let input = mutated(&mut rng, parent, &pool, self.parser.dictionary);
            let verdict = self.judge(&input, current, &mut figures)?;
            if figures.behaviours.insert(verdict) && input.len() <= LONGEST_PARENT {
                pool.push(input);
            }
        }
        Ok(figures)
    }

    /// Judges one input, and counts it.
    fn judge(self, input: &[u8], current: &Current, figures: &mut Figures) -> Result<Verdict, Box<Finding>> {
        let began = clock::monotonic();
        {
            let mut current = current.lock().unwrap();
            current.0 = began;
            current.1.clear();
            current.1.extend_from_slice(input);
        }
        let verdict = judged(&self.parser, input).map_err(|why| Box::new(Finding::new(self, input, why)))?;
        figures.inputs += 1;
        figures.accepted += u64::from(matches!(verdict, Verdict::Accepted(_)));
        figures.longest = figures.longest.max(input.len());
        figures.slowest = figures.slowest.max(began.elapsed());
        Ok(verdict)
    }

    /// A chance of its own for each parser.
    fn rng(self) -> TestRng {
        let mut bytes = [0x5f; 16];
        bytes[..8].copy_from_slice(&self.seed.to_be_bytes());
        for (byte, letter) in bytes[8..].iter_mut().zip(self.parser.name.bytes()) {
            *byte = letter;
        }
        TestRng::from_seed(RngAlgorithm::XorShift, &bytes)
    }
}
