//! The seeds, one file each: `corpus/<parser>/accepted/` and `corpus/<parser>/rejected/`. What was once a finding is among them.

use std::{fs, path::PathBuf};

use super::{
    finding::judged,
    parsers::ALL,
    verdict::{Parser, Verdict},
};

/// One seed.
#[derive(Debug)]
pub struct Seed {
    /// Where it is.
    pub path: PathBuf,
    /// What its folder says.
    pub accepted: bool,
    pub bytes: Vec<u8>,
}

/// The seeds of a parser, in the order of their names.
pub fn seeds(parser: &Parser) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (folder, accepted) in [("accepted", true), ("rejected", false)] {
        let folder = folder_of(parser).join(folder);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        seeds.extend(paths.into_iter().map(|path| Seed {
            bytes: fs::read(&path).unwrap(),
            accepted,
            path,
        }));
    }
    seeds
}

/// Where the seeds of a parser are.
pub fn folder_of(parser: &Parser) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(parser.name)
}

#[test]
fn each_seed_is_judged_as_its_folder_says() {
    let mut wrong = Vec::new();
    for parser in ALL {
        let seeds = seeds(&parser);
        for accepted in [true, false] {
            let several = seeds.iter().filter(|seed| seed.accepted == accepted).count() >= 2;
            assert!(several, "{} lacks seeds", parser.name);
        }
        for seed in seeds {
            let verdict = judged(&parser, &seed.bytes);
            if !matches!(
                (&verdict, seed.accepted),
                (Ok(Verdict::Accepted(_)), true) | (Ok(Verdict::Rejected(_)), false)
            ) {
                wrong.push(format!("{}: {verdict:?}", seed.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_folder_belongs_to_a_parser() {
    let names: Vec<&str> = ALL.iter().map(|parser| parser.name).collect();
    for entry in fs::read_dir(folder_of(&ALL[0]).parent().unwrap()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name.as_str()), "{name}");
    }
}
