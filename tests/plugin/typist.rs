//! A person at a terminal: the plugin in a pseudo-terminal, with answers typed when they are asked for.

use std::{process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::Command};

/// Runs a command in a terminal of its own, types each answer after its prompt, and writes what the terminal showed.
/// What is to be typed comes by stdin: arguments are seen by everybody.
const TERMINAL: &str = r"
import json, os, pty, sys, termios, time
asked = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.execve(asked['command'][0], asked['command'], asked['environment'])
shown, dialogue = b'', asked['dialogue']
while True:
    try:
        read = os.read(terminal, 65536)
    except OSError:
        break
    if not read:
        break
    shown += read
    while dialogue and dialogue[0][0].encode() in shown:
        prompt, answer = dialogue.pop(0)
        # A person sees that nothing shows; whoever types before that is echoed by the terminal itself.
        while 'not shown' in prompt and termios.tcgetattr(terminal)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(terminal, answer.encode() + b'\n')
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
json.dump({'shown': shown.decode(), 'code': status, 'unasked': len(dialogue)}, sys.stdout)
";

/// What the terminal showed, and how the command ended.
pub struct Session {
    pub shown: String,
    pub code: i64,
}

/// Runs it with this dialogue: prompts, and what is typed after each.
pub async fn typed(kubeconfig: &str, arguments: &[&str], dialogue: &[(&str, &str)]) -> Session {
    let command: Vec<&str> = [&[env!("CARGO_BIN_EXE_kubectl-tracktik")], arguments].concat();
    let asked = serde_json::json!({
        "command": command, "dialogue": dialogue,
        "environment": { "KUBECONFIG": kubeconfig, "TERM": "xterm", "HOME": "/nonexistent" },
    });
    let mut child = Command::new("python3")
        .args(["-c", TERMINAL])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python3 runs");
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(asked.to_string().as_bytes()).await.unwrap();
    drop(pipe);
    let output = tokio::time::timeout(Duration::from_mins(2), child.wait_with_output()).await;
    let output = output.expect("the dialogue ends").unwrap();
    let session: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(session["unasked"], 0, "{}", session["shown"]);
    Session {
        shown: session["shown"].as_str().unwrap().to_owned(),
        code: session["code"].as_i64().unwrap(),
    }
}
