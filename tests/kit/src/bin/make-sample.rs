//! Writes the sample company: `cargo run -p holdover-kit --bin make-sample [FOLDER]`, by default
//! `examples/sample-company` below the present folder. `--expected` prints what a scan of it has to say instead.

use std::io::{self, Write as _};
use std::path::PathBuf;

use holdover_kit::world::List;
use holdover_kit::{sample, write};

fn main() -> io::Result<()> {
    let world = sample::company(sample::SEED);
    let mut out = io::stdout().lock();
    match std::env::args().nth(1) {
        Some(word) if word == "--expected" => {
            let expected = world.expected();
            for grant in &expected.grants {
                writeln!(
                    out,
                    "{:?} {} {} {} {} {} used {}",
                    grant.list,
                    grant.person,
                    grant.system,
                    grant.kind,
                    grant.grant_id,
                    grant.usability,
                    grant.used_after_end
                )?;
            }
            for list in [List::Residual, List::WithinTime, List::Suppressed, List::Remnant, List::License] {
                writeln!(out, "{list:?}: {}", expected.count(list))?;
            }
            writeln!(out, "ambiguous: {}", expected.ambiguous.len())?;
            writeln!(out, "of nobody: {}", expected.unattributed.len())?;
            writeln!(out, "exit code: {}", expected.exit_code)
        }
        folder => {
            let folder = PathBuf::from(folder.unwrap_or_else(|| String::from("examples/sample-company")));
            let files = write::files(&world)?;
            files.write_to(&folder)?;
            writeln!(out, "{} people, {} files in {}", world.people.len(), files.iter().count(), folder.display())
        }
    }
}
