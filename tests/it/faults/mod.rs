//! The fault matrix: what goes wrong, and what the real program then says, keeps, sends and exits with.
//!
//! Each test carries the number of its row; [docs/faults.md](../../../docs/faults.md) is the table. A row can have
//! further tests beside the code it is about. Every test proves that its fault fired.
//!
//! | letter | about | file |
//! |---|---|---|
//! | R | the roster | `roster` |
//! | P | pages and completeness | `pages` |
//! | C | credentials and permissions | `credentials` |
//! | L | limits and outages | `limits` |
//! | X | transport | `transport` |
//! | S | store and process | `process` |
//! | T | outputs | `outputs` |
//! | M | meaning | `meaning` |
//!
//! `wire` is the company that P, C, L and X share.

mod credentials;
mod limits;
mod meaning;
pub(crate) mod outputs;
mod pages;
mod pages_bodies;
mod process;
mod roster;
mod transport;
mod wire;

/// Rows of the matrix: letter, and how many there are.
const ROWS: [(char, usize); 8] = [('R', 10), ('P', 12), ('C', 6), ('L', 4), ('X', 5), ('S', 8), ('T', 9), ('M', 6)];

/// Rows that no system of ours can meet, with the words that the table has to say of them.
const NOT_MET: [(&str, &str); 1] = [("P8", "Does not apply")];

fn sources(folder: &std::path::Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push_str(&std::fs::read_to_string(&path).expect("a source"));
        }
    }
}

/// Also a row that shares its test with others (`fn l1_and_l2_`, `fn p3_p5_`).
fn has_test(text: &str, row: &str) -> bool {
    let row = row.to_lowercase();
    text.lines().filter_map(|line| line.trim_start().split_once("fn ")).any(|(_, name)| {
        let name = name.split('(').next().unwrap_or_default();
        name.split('_')
            .take_while(|word| *word == "and" || word.ends_with(|last: char| last.is_ascii_digit()))
            .any(|word| word == row)
    })
}

#[test]
fn every_row_stands_in_the_table_and_has_a_test_with_its_number() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("docs/faults.md")).expect("the table");
    let mut text = String::new();
    sources(&root.join("tests/it/faults"), &mut text);
    sources(&root.join("tests/it/canaries"), &mut text);
    sources(&root.join("src"), &mut text);
    let mut missing = Vec::new();
    for (letter, count) in ROWS {
        for row in (1..=count).map(|number| format!("{letter}{number}")) {
            let Some(told) = table.lines().find(|line| line.starts_with(&format!("| {row} |"))) else {
                missing.push(format!("{row} stands in no table"));
                continue;
            };
            match NOT_MET.iter().find(|(not_met, _)| *not_met == row) {
                Some((_, words)) if told.contains(words) => {}
                Some(_) => missing.push(format!("{row} has to say why there is no test")),
                None if has_test(&text, &row) => {}
                None => missing.push(format!("{row} has no test")),
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!has_test(&text, "Z1") && !has_test("fn r12_of_another_row()", "R1"), "the check can fail");
}
