//! The control: a target that is wrong for one input in four billion. A fuzzer that sees comparisons finds it in moments;
//! one that guesses never would. Where it is not found, nothing that the others did not find means anything.

pub(super) const HOLDS: &str = "nothing: it has to be found wrong";

pub(super) fn run(bytes: &[u8]) {
    if let Some(rest) = bytes.strip_prefix(b"gap") {
        let number = rest.first_chunk::<4>().map_or(0, |number| u32::from_le_bytes(*number));
        assert_ne!(number, 0x1e57_ace5, "found, as it should be");
    }
}
