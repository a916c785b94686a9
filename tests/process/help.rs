//! `--help` and `crd`, as a person sees them.

use std::fmt::Write as _;

use tracktik_operator::{api::definition, command_line};

use crate::operator_process::{command, ended};

#[test]
fn the_reference_of_the_command_line_is_what_help_prints() {
    let mut line = command_line::definition();
    // Values that stand in the environment of whoever runs the tests are not part of the reference.
    line = line.mut_subcommand("run", |run| run.mut_args(|flag| flag.hide_env_values(true)));
    line.build();
    let mut text = String::new();
    for (shown, name) in [("", None), ("run ", Some("run")), ("crd ", Some("crd"))] {
        let command = match name {
            None => &mut line,
            Some(name) => line.find_subcommand_mut(name).unwrap(),
        };
        let help = command.render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        writeln!(text, "$ tracktik-operator {shown}--help\n{}\n", help.join("\n")).unwrap();
    }
    let text = format!("{}\n", text.trim_end());
    assert!(!text.contains("patience"), "a flag for tests is not for people");
    crate::assert_golden("docs/reference/cli.txt", &text);
}

#[tokio::test]
async fn what_was_asked_for_goes_to_stdout() {
    for (arguments, begins) in [
        (&["--help"][..], "Keeps TrackTik API tokens fresh"),
        (&["run", "-h"], "Run the operator"),
        (&["help", "run"], "Run the operator"),
        (
            &["--version"],
            concat!("tracktik-operator ", env!("CARGO_PKG_VERSION"), "\n"),
        ),
    ] {
        let ended = ended(command(arguments)).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(ended.stdout.starts_with(begins), "{arguments:?}: {}", ended.stdout);
    }
    let crd = ended(command(&["crd"])).await;
    assert_eq!((crd.code, crd.stderr.as_str()), (Some(0), ""));
    assert_eq!(crd.stdout, definition::as_yaml().unwrap());
}
