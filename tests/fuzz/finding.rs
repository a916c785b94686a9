//! What was found: the shortest input that shows it, and how to keep it as a seed.

use std::{
    fmt::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    engine::Campaign,
    verdict::{Judgement, Parser},
};

/// Inputs that are tried to shorten one; more would fill the output with what each of them panics with.
const TRIES: usize = 400;

/// An input for which something does not hold.
#[derive(Clone, Debug)]
pub struct Finding {
    campaign: Campaign,
    pub input: Vec<u8>,
    pub why: String,
}

/// What the parser makes of the input; its panic is an error.
pub fn judged(parser: &Parser, input: &[u8]) -> Judgement {
    catch_unwind(AssertUnwindSafe(|| (parser.judge)(input))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("it panics: {}", words.unwrap_or("without words")))
    })
}

impl Finding {
    /// As it was found.
    pub fn new(campaign: Campaign, input: &[u8], why: String) -> Self {
        Self {
            campaign,
            input: input.to_vec(),
            why,
        }
    }

    /// With an input that is as short as a few hundred tries make it. It may show something else than the one it came
    /// from; then that is mended first.
    pub fn shortened(mut self) -> Self {
        if judged(&self.campaign.parser, &self.input).is_ok() {
            // What is wrong is the time that it takes.
            return self;
        }
        let mut part = self.input.len() / 2;
        let mut tries = 0;
        while part > 0 && tries < TRIES {
            let mut at = 0;
            while at < self.input.len() && tries < TRIES {
                let end = (at + part).min(self.input.len());
                let shorter = [&self.input[..at], &self.input[end..]].concat();
                tries += 1;
                match judged(&self.campaign.parser, &shorter) {
                    Err(why) => (self.input, self.why) = (shorter, why),
                    Ok(_) => at = end,
                }
            }
            part /= 2;
        }
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.campaign.parser.name;
        let hex = self.input.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        writeln!(f, "{name}: {}", self.why)?;
        writeln!(f, "input ({} bytes): {}", self.input.len(), self.input.escape_ascii())?;
        writeln!(
            f,
            "again: FUZZ_SEED={} cargo test --test fuzz {name}",
            self.campaign.seed
        )?;
        write!(
            f,
            "keep it: echo {hex} | xxd -r -p > tests/fuzz/corpus/{name}/accepted/NAME (or rejected)"
        )
    }
}
