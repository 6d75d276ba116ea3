//! Every subcommand: its help, its data on standard output, its mistakes on standard error.

mod checks;
mod help;
mod outputs;
mod pictures;

use crate::company::{Company, Run};

/// A day after the instant most tests judge at.
pub(crate) const LATER: &str = "2026-08-04T06:00:00Z";

/// A company with a policy and an exception.
pub(crate) fn company() -> Company {
    let mut company = Company::new();
    company.extra = String::from("policy: policy.yaml\nexceptions: exceptions.yaml\n");
    company.write("policy.yaml", include_str!("../damage/policy.yaml"));
    company.write("exceptions.yaml", EXCEPTIONS);
    company
}

/// An exception in force.
pub(crate) const EXCEPTIONS: &str = "\
version: 1
exceptions:
  - id: EX-2026-0001
    type: transition
    scope: { person_id: p-1, system: crm, access_kinds: [account] }
    reason: The account is needed until the handover of the region is done.
    requested_by: p-3
    approved_by: [p-2]
    approved_at: 2026-08-01T08:00:00Z
    expires_at: 2026-08-07T08:00:00Z
    review: { owner: p-2 }
";

/// Data only: nothing on the other stream.
#[track_caller]
pub(crate) fn data(run: &Run) -> &str {
    run.expect(0);
    assert!(run.stderr.is_empty(), "standard error: {}", run.stderr);
    assert!(!run.stdout.is_empty());
    &run.stdout
}

/// A mistake: nothing on standard output.
#[track_caller]
pub(crate) fn mistake(run: &Run, code: i32, says: &str) {
    run.expect(code);
    assert!(run.stdout.is_empty(), "standard output: {}", run.stdout);
    assert!(run.stderr.contains(says), "{says:?} is not in: {}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "no colour off a terminal: {}", run.stderr);
}
