//! Prints every text that must stand in no output of a scan of the sample company, one a line:
//! `grep -rFf <(cargo run -q -p holdover-kit --bin list-canaries) examples/sample-company/out` has to find nothing.

use std::io::{self, Write as _};

use holdover_kit::sample;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for canary in sample::company(sample::SEED).canaries() {
        writeln!(out, "{canary}")?;
    }
    Ok(())
}
