//! Runs a program to its end, within a time limit, and returns what it printed. Not for programs that stay.

#![expect(clippy::disallowed_methods, reason = "a program's end is awaited on a thread of its own, so that it can be given up")]

use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// For a client's command: connecting, one statement.
pub const CLIENT_LIMIT: Duration = Duration::from_secs(60);

/// For what starts, stops or creates a server.
pub const SERVER_LIMIT: Duration = Duration::from_secs(120);

/// What the program wrote to its standard output; an error if it failed or was not done in time.
pub fn run(mut command: Command, limit: Duration) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("\"{name}\" cannot be started"))?;
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw);

    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(limit) else {
        if let Some(process) = process {
            kill_process(process, Signal::KILL).with_context(|| format!("\"{name}\" hangs and cannot be killed"))?;
        }
        bail!("\"{name}\" was not done within {limit:?}");
    };
    let output = output.with_context(|| format!("\"{name}\" was lost"))?;
    if !output.status.success() {
        bail!("\"{name}\" failed ({}): {}", output.status, complaint(&output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn complaint(output: &Output) -> String {
    let texts = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| "it printed nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_answers_with_its_output_or_its_complaint() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            run(command, CLIENT_LIMIT)
        };
        assert_eq!(shell("echo fine").unwrap(), "fine\n");
        let failed = shell("echo broken >&2; exit 3").unwrap_err().to_string();
        assert!(failed.contains("broken") && failed.contains('3'), "{failed}");
    }

    #[test]
    fn a_program_that_hangs_is_given_up_and_killed() {
        let mut command = Command::new("sh");
        command.args(["-c", "exec cat /dev/zero >/dev/null"]);
        let error = run(command, Duration::from_millis(50)).unwrap_err().to_string();
        assert!(error.contains("not done within 50ms"), "{error}");
    }
}
