//! The metrics as text (MET-2): what an operator wrote is all that may stand in a label.

use holdover::hostile;
use holdover::metrics::{BuildInfo, FailedRun, FailedSystem, Remembered, encode, gather_failed};
use holdover::report::{ExitCode, Flags};
use scan_contract::SystemId;

use crate::help::now;

pub(super) const HOLDS: &str = "every line is a comment or `name{labels} number`; a value of a label comes back, made inert, or cut where it is long; labels have \
    names of a closed set; there is a cap on the number of series";

const LABELS: [&str; 12] = [
    "system",
    "code",
    "exit_code",
    "flag",
    "kind",
    "revision",
    "version",
    "state",
    "severity",
    "tracker",
    "scope_kind",
    "reason",
];

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let names: Vec<&str> = text.split('\u{1f}').take(8).collect();
    let systems = names.iter().map(|name| FailedSystem {
        id: SystemId::from(*name),
        last_success_at: Some(now()),
        last_complete_at: None,
    });
    let run = FailedRun {
        ended_at: now(),
        exit_code: ExitCode::Roster,
        flags: Flags::default(),
        systems: systems.collect(),
        remembered: Remembered::default(),
        totals: None,
    };
    let build = BuildInfo { version: names[0].to_owned(), revision: String::from("unknown") };
    let families = gather_failed(&run, &build);
    let told = encode(&families).expect("families make a text");
    let mut series = 0;
    let mut found = Vec::new();
    for line in told.lines().filter(|line| !line.starts_with("# ")) {
        let (labels, number) = parts(line).unwrap_or_else(|| panic!("no line of metrics: {line:?} in {told:?}"));
        assert!(number.parse::<f64>().is_ok() || number == "+Inf", "{line:?}");
        series += 1;
        for (name, value) in labels {
            assert!(LABELS.contains(&name.as_str()), "a label {name:?}: {line:?}");
            if name == "system" {
                found.push(value);
            }
        }
    }
    assert!(series > 0 && series <= 2_100, "{series} series");
    let shown: Vec<String> = names.iter().map(|name| hostile::line(name)).collect();
    for value in &found {
        // A long one is cut, and says so.
        let cut = value.strip_suffix('…').is_some_and(|start| shown.iter().any(|name| name.starts_with(start)));
        assert!(shown.contains(value) || cut, "{value:?} of {shown:?}");
    }
}

/// `name{label="value",…} number`, values without their escapes.
fn parts(line: &str) -> Option<(Vec<(String, String)>, &str)> {
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')?;
    let mut labels = Vec::new();
    let mut rest = &line[end..];
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (name, after) = rest.split_once("=\"")?;
            let mut value = String::new();
            let mut letters = after.char_indices();
            let close = loop {
                match letters.next()? {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match letters.next()?.1 {
                        'n' => '\n',
                        other => other,
                    }),
                    (_, other) => value.push(other),
                }
            };
            labels.push((name.to_owned(), value));
            rest = &after[close + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    Some((labels, rest.strip_prefix(' ')?))
}
