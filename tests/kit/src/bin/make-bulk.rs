//! Writes a company of any size for measurements:
//! `cargo run --release -p holdover-kit --bin make-bulk -- --people N --leavers N --records N --seed S --out FOLDER`.

use std::io::{self, Write as _};
use std::path::Path;

use holdover_kit::bulk::{self, Sizes};

fn main() -> io::Result<()> {
    let mut sizes = Sizes { people: 100_000, leavers: 2_000, records: 1_000_000, seed: 1 };
    let mut folder = String::from("bulk");
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| io::Error::other(format!("{flag} needs a value")))?;
        let number =
            || value.replace('_', "").parse::<u64>().map_err(|error| io::Error::other(format!("{flag}: {error}")));
        match flag.as_str() {
            "--people" => sizes.people = number()?,
            "--leavers" => sizes.leavers = number()?,
            "--records" => sizes.records = number()?,
            "--seed" => sizes.seed = number()?,
            "--out" => folder.clone_from(&value),
            other => {
                return Err(io::Error::other(format!("{other} is none of --people --leavers --records --seed --out")));
            }
        }
    }
    let written = bulk::write(sizes, Path::new(&folder))?;
    writeln!(
        io::stdout().lock(),
        "{} people, {} records of {} bytes on average, {} of leavers, {} of these switched on, in {folder}",
        sizes.people,
        sizes.records,
        written.export_bytes / sizes.records.max(1),
        written.of_leavers,
        written.of_leavers_enabled
    )
}
