//! Any table with a header row, read by a mapping. Nothing is guessed: a column, word or time that the mapping does
//! not explain is a gap.

mod local;

pub(crate) use local::pattern_problem;
