//! A recording, read again without a network; and what a reading costs.

use holdover_kit::stub::okta::{OktaApp, OktaAssignment, OktaUser};
use scan_okta::ALLOW;
use scan_transport::Door;

use crate::bench::{Bench, clock, follow, read_lists};
use crate::world::{self, LEA};

#[tokio::test]
async fn a_recording_reads_the_same_without_a_network_and_holds_no_secret() {
    let mut org = world::with_lea();
    org.users[1].second_email = Some(String::from("lea@home.example"));
    let bench = Bench::with_app(world::stub(org).with_pages_of(2));
    let folder = tempfile::tempdir().expect("a folder");
    let door = Door::open(bench.settings.door(), &ALLOW, clock()).expect("a door");
    let door = door.recording(folder.path()).expect("a recording");
    let live = bench.okta_through(bench.settings.clone(), door.clone());
    let lists = read_lists(&live).await;
    let details = follow(&live, &lists, LEA).await;
    door.finish_recording().expect("the end line");
    let asked = bench.server.count();

    let door = Door::replaying(bench.settings.door(), &ALLOW, folder.path()).expect("a recording");
    let replay = bench.okta_through(bench.settings.clone(), door);
    assert_eq!(read_lists(&replay).await.sorted(), lists.clone().sorted());
    assert_eq!(follow(&replay, &lists, LEA).await.sorted(), details.sorted());
    assert_eq!(bench.server.count(), asked, "nothing was asked");

    let mut text = String::new();
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        text.push_str(&std::fs::read_to_string(entry.expect("an entry").path()).expect("text"));
    }
    assert!(text.contains(LEA));
    let private = ["s3cr3t", "Bearer", "BEGIN", "+1-555", "question", "192.0.2.1", "serialNumber", "client_assertion"];
    for word in private {
        assert!(!text.contains(word), "{word} stands in the recording");
    }
}

#[tokio::test]
async fn lists_cost_pages_and_applications_and_a_leaver_costs_ten_requests_at_most() {
    let mut org = world::with_lea();
    for number in 0..450 {
        org.users.push(OktaUser::new(&format!("00u{number:04}"), &format!("u{number}@acme.example")));
    }
    for app in 0..8 {
        let id = format!("0oamore{app}");
        org.apps.push(OktaApp::new(&id, &format!("More {app}"), "SAML_2_0"));
        org.assignments.extend((0..450).map(|number| OktaAssignment::new(&id, &format!("00u{number:04}"))));
    }
    let users = org.users.len();
    let bench = Bench::with_app(world::stub(org));
    let okta = bench.okta();
    let lists = read_lists(&okta).await;
    let log = bench.server.log();
    let count = |operation: &str| log.iter().filter(|logged| logged.asked.operation == operation).count();
    assert_eq!(count("GET /api/v1/users"), users.div_ceil(200));
    assert_eq!(count("GET /api/v1/apps"), 1);
    assert_eq!(count("GET /api/v1/apps/{appId}/users"), 11, "one each, without the dashboard");
    assert_eq!(count("GET /api/v1/apps/{appId}/tokens"), 2, "applications that speak OpenID Connect");
    assert_eq!(count("GET /api/v1/apps/{appId}/grants"), 2);
    assert_eq!(count("POST /oauth2/v1/token"), 1);
    assert!(log.len() <= 40, "{} requests for {users} users", log.len());
    let before = bench.server.count();
    follow(&okta, &lists, LEA).await;
    let after = bench.server.count() - before;
    assert!(after <= 10, "{after} requests for one leaver");
    println!("lists: {} requests for {users} users and 12 applications; one leaver: {after}", log.len());
}
