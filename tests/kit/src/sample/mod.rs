//! The sample company: made by a seed, with planted cases that a scan has to find, and planted gaps it has to admit.
//!
//! [`cast`] names the people who have a part to play; everybody else is there so that they are not alone.

mod cast;
mod chat;
mod cloud;
mod code;
mod decisions;
mod hosts;
mod make;
mod office;
mod people;
mod signon;
mod trust;

use chrono::NaiveDate;
use scan_contract::AccessKind;

use crate::random::Random;
use crate::world::World;

/// Seed of the company in `examples/`.
pub const SEED: u64 = 20_260_731;

/// The company of a seed.
pub fn company(seed: u64) -> World {
    let random = Random::new(seed);
    let roll = people::roll(&random);
    let keys = hosts::keys(&random);
    let signon = signon::okta(&roll, &random);
    let mut systems = vec![
        code::github(&roll, &signon, &keys, &random),
        signon,
        code::ci(&roll),
        office::crm(&roll, &random),
        office::payroll(&roll, &random),
        office::wiki(&roll, &random),
        chat::mail(&roll, &random),
        chat::saas_old(&roll),
        cloud::prod(&roll, &random),
        cloud::legacy(&roll, &random),
        hosts::fleet(&roll, &keys, &random),
        trust::vault(&roll),
        trust::database(&roll),
        trust::vpn(&roll, &random),
    ];
    systems.sort_by(|left, right| left.id.cmp(&right.id));
    let canaries = canaries(&systems);
    let wave =
        roll.people.iter().flat_map(|person| &person.stints).filter(|stint| stint.batch.as_deref() == Some("wave-1"));
    let announced = vec![(String::from("wave-1"), wave.count() as u64, day("2026-07-31"), day("2026-07-31"))];
    World {
        now: make::at("2026-08-03T06:00:00Z"),
        roster_as_of: make::at("2026-08-03T04:00:00Z"),
        organisation: String::from("Meridian Example"),
        domain: (
            String::from("meridian.example"),
            vec![String::from("meridian-old.example"), String::from("bought.example")],
        ),
        links: vec![(
            String::from(cast::NEW_NAME),
            String::from("wiki"),
            AccessKind::Account,
            String::from("w-4711"),
            String::from(cast::MANAGER),
        )],
        known_apps: decisions::known_apps(&systems),
        sentinels: decisions::sentinels(),
        policy: decisions::policy(),
        exceptions: decisions::exceptions(),
        people: roll.people,
        announced,
        systems,
        canaries,
    }
}

fn day(text: &str) -> NaiveDate {
    make::at(&format!("{text}T00:00:00Z")).date_naive()
}

/// Texts that belong into no output.
fn canaries(systems: &[crate::world::System]) -> Vec<String> {
    // Legal names, private addresses and departures that nobody may know of belong into no output.
    let mut canaries = vec![
        String::from(people::LEGAL_NAME),
        String::from(people::PRIVATE_ADDRESS),
        String::from(people::SECRET_BATCH),
    ];
    canaries.extend(
        systems.iter().flat_map(|system| {
            system.grants.iter().flat_map(|grant| grant.extra.iter().map(|(_, value)| value.clone()))
        }),
    );
    canaries.extend(hosts::CANARIES.iter().map(|canary| (*canary).to_owned()));
    canaries.sort();
    canaries.dedup();
    canaries
}
