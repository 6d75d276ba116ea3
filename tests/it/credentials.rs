//! Commands that give a secret. Here and not beside the code: a program that is being started holds the file descriptors of
//! its parent for a moment, and with them the locks that other tests in the same process hold.

use std::time::Duration;

use holdover::credentials::Keeper;
use scan_transport::{SecretRef, Secrets as _};
use secrecy::ExposeSecret as _;

/// One that waits so long for a command: a minute for one that ends by itself, on a machine that has much to do.
fn keeper(patience: Duration) -> Keeper {
    Keeper::new("/nonexistent".into(), Box::new(|_| None)).waiting(patience)
}

const PATIENCE: Duration = Duration::from_mins(1);

fn command(words: &[&str]) -> SecretRef {
    SecretRef::Command(words.iter().map(|word| String::from(*word)).collect())
}

fn says(patience: Duration, words: &[&str]) -> String {
    match keeper(patience).fetch(&command(words)) {
        Ok(_) => panic!("a secret came back from {words:?}"),
        Err(cause) => cause.to_string(),
    }
}

#[test]
fn a_command_gives_a_secret_without_its_line_end() {
    let given = keeper(PATIENCE).fetch(&command(&["/bin/echo", "from-command"])).expect("a secret");
    assert_eq!(given.expose_secret(), "from-command");
}

#[test]
fn a_command_that_fails_tells_nothing_of_what_it_wrote() {
    let text = says(PATIENCE, &["/bin/sh", "-c", "printf leaked-%s word; exit 3"]);
    assert!(text.contains("exit status: 3") && !text.contains("leaked-word"), "{text}");
    assert!(says(PATIENCE, &["echo", "x"]).contains("absolute path"));
    assert!(says(PATIENCE, &["/bin/true"]).contains("is empty"));
}

#[test]
fn a_command_that_does_not_end_is_ended_also_when_it_gave_its_secret_already() {
    for program in ["exec sleep 600", "echo word; exec >&-; exec sleep 600"] {
        let began = std::time::Instant::now();
        assert!(
            says(Duration::from_secs(2), &["/bin/sh", "-c", program]).contains("did not end within 2 s"),
            "{program}"
        );
        assert!(began.elapsed() < Duration::from_mins(1), "{program}");
    }
}
