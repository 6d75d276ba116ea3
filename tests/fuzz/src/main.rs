//! The one fuzzing program: runs the target that `HOLDOVER_FUZZ` names. libFuzzer owns `main` and the arguments.

#![no_main]
#![expect(clippy::panic, reason = "a wrong name must end the program")]
#![expect(clippy::disallowed_methods, reason = "libFuzzer owns the arguments: the environment is all that is left")]

use std::sync::OnceLock;

use holdover_fuzz::Target;
use libfuzzer_sys::fuzz_target;

/// The variable that names the target.
const VARIABLE: &str = "HOLDOVER_FUZZ";

fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<&'static Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var(VARIABLE).unwrap_or_else(|error| panic!("{VARIABLE} names no target: {error}"));
        holdover_fuzz::named(&name).unwrap_or_else(|| panic!("{VARIABLE}={name} is no target"))
    })
}

fuzz_target!(|bytes: &[u8]| (chosen().run)(bytes));
