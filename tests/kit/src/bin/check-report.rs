//! Holds a JSON v1 report of the sample company against the truth it was made from:
//! `cargo run -p holdover-kit --bin check-report REPORT`. Ends with 1 where they differ.

use std::io::{self, Write as _};
use std::process::ExitCode;

use holdover_kit::{sample, world};

fn main() -> io::Result<ExitCode> {
    let path = std::env::args().nth(1).ok_or_else(|| io::Error::other("which report?"))?;
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let differences = world::differences(&sample::company(sample::SEED).expected(), &report);
    let mut out = io::stdout().lock();
    for difference in &differences {
        writeln!(out, "{difference}")?;
    }
    writeln!(out, "{} differences", differences.len())?;
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
