//! What stands beside the code: manifest and README.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use holdover_kit::stub::aws::leaver_and_twin;
use scan_aws::live::Organisation;

use crate::kit::*;
use crate::world::*;

#[test]
fn the_readme_shows_the_live_manifest() {
    let manifest = scan_aws::live::manifest().expect("a manifest");
    assert!(manifest.live);
    let mut table =
        String::from("\n| scope | what | needs | proof of the end | lag | cannot see |\n|---|---|---|---|---|---|\n");
    for scope in &manifest.scopes {
        let (needs, cannot) = (scope.needs.join("; "), scope.cannot_see.join("; "));
        writeln!(
            table,
            "| `{}` | {} | {needs} | {} | {} | {cannot} |",
            scope.kind, scope.title, scope.proof, scope.lag
        )
        .expect("text");
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).expect("README.md");
    let (_, rest) = readme.split_once("from manifest-live.yaml -->").expect("the start mark");
    let (shown, _) = rest.split_once("<!-- live scopes end -->").expect("the end mark");
    assert_eq!(shown, table, "put this into the README");
}

#[test]
fn every_scope_that_is_read_is_described_with_what_it_yields() {
    let mut truth = leaver_and_twin(now());
    let account = truth.accounts.get_mut(ACCOUNT).expect("an account");
    let mfa = holdover_kit::stub::aws::Mfa { serial: String::from("GAHT1"), is_virtual: false, enabled: now() };
    account.users.get_mut("twin").expect("a user").mfa.push(mfa);
    let mut world = World::new(truth).with_everything();
    world.settings.organisation = Some(Organisation::new("Audit"));
    let seen = world.read_all();
    let manifest = scan_aws::live::manifest().expect("a manifest");
    let described: BTreeSet<&str> = manifest.scopes.iter().map(|scope| scope.kind.as_str()).collect();
    let read: BTreeSet<&str> = seen.declared.iter().chain(seen.offered.keys()).map(|scope| kind_of(scope)).collect();
    assert_eq!(read, described);
    for access in &seen.records {
        let kind = kind_of(access.scope.as_str());
        let scope = manifest.scopes.iter().find(|scope| scope.kind == kind).expect("described");
        assert!(scope.yields.contains(&access.kind), "{kind} yields {}", access.kind);
    }
}
