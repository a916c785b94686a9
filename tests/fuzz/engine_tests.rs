//! That the fuzzer finds what is there: faults planted in parsers that are otherwise right.

use std::{thread, time::Duration};

use super::{
    canary::{CANARY, hidden, shows},
    engine::Campaign,
    finding::Finding,
    growth::outgrown,
    verdict::{Parser, Verdict},
};

/// Long enough for each of the faults; what is found ends it.
fn campaign(judge: fn(&[u8]) -> super::verdict::Judgement) -> Campaign {
    Campaign {
        // Its seeds hold no zero byte, and none stands in the middle of a million others.
        parser: Parser {
            name: "domains",
            dictionary: &[],
            judge,
        },
        seconds: 60,
        seed: 7,
        patience: Duration::from_secs(10),
    }
}

fn found(campaign: Campaign) -> Finding {
    *campaign.run().expect_err("it finds nothing")
}

#[test]
fn a_panic_is_found_shortened_and_found_again() {
    let campaign = campaign(|input| {
        let zeros = input.split(|byte| *byte == 0).skip(1).count();
        Ok(Verdict::accepted(["none", "one"][zeros.min(2)]))
    });
    let first = found(campaign);
    assert_eq!(first.input, [0, 0]);
    assert!(first.why.starts_with("it panics: index out of bounds"), "{}", first.why);
    let again = found(campaign);
    assert_eq!((&again.input, &again.why), (&first.input, &first.why));
    let printed = first.to_string();
    assert!(printed.contains("echo 0000 | xxd"), "{printed}");
    assert!(printed.contains("FUZZ_SEED=7 cargo test"), "{printed}");
}

#[test]
fn a_leak_is_found_although_a_part_of_the_secret_is_gone() {
    let leaking = campaign(|input| {
        let text = String::from_utf8_lossy(input).into_owned();
        // As a library's error that quotes what it could not read, where that is short.
        if text.len() < 20 && !text.contains(CANARY) {
            hidden(&text)?;
        }
        Ok(Verdict::rejected("a word"))
    });
    let found = found(leaking);
    assert!(shows(&String::from_utf8_lossy(&found.input)), "{found}");
}

#[test]
fn a_parser_that_does_not_come_back_is_found() {
    let hanging = Campaign {
        patience: Duration::from_secs(2),
        ..campaign(|input| {
            while input.starts_with(b"127.") {
                thread::park();
            }
            Ok(Verdict::accepted("a word"))
        })
    };
    let found = found(hanging);
    assert!(found.input.starts_with(b"127."), "{found}");
}

#[test]
fn a_parser_that_takes_more_than_linear_time_is_found_though_it_comes_back() {
    let quadratic = Campaign {
        // Also on a machine with other things to do, it comes back.
        patience: Duration::from_mins(5),
        ..campaign(|input| {
            // Looks at all that came before, again and again.
            let before = |at| input[..at].iter().filter(|byte| byte.is_ascii_digit()).count();
            let digits: usize = (0..input.len()).step_by(4_096).map(before).sum();
            Ok(Verdict::accepted(if digits > 0 { "some" } else { "none" }))
        })
    };
    let found = found(quadratic);
    assert!(found.why.contains("times as long"), "{}", found.why);
    let linear = campaign(|input| {
        let ones: u32 = input.iter().map(|byte| byte.count_ones()).sum();
        Ok(Verdict::accepted(if ones > 0 { "some" } else { "none" }))
    });
    let [short, long] = [64, 1_024].map(|kilobytes| vec![b'.'; kilobytes * 1_024]);
    assert_eq!(outgrown(&linear.parser, &short, &long, Duration::MAX), None);
}
