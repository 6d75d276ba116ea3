//! Which addresses may be connected to, and which addresses of a reply may be asked (NET-2, NET-3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use scan_transport::fuzzing::{address_passes, check_origin};
use scan_transport::settings::{OriginRule, Reach};
use url::{Host, Url};

use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "no rule but that of the metadata service reaches one, in any spelling; link-local, multicast and \
    unspecified addresses never pass; private ones pass where declared internal only; what passes the check of origins has \
    the declared scheme, host and port and no user";

pub(super) fn run(bytes: &[u8]) {
    if let Some(bits) = bytes.first_chunk::<16>() {
        address(IpAddr::V6(Ipv6Addr::from(*bits)));
    }
    if let Some(bits) = bytes.first_chunk::<4>() {
        address(IpAddr::V4(Ipv4Addr::from(*bits)));
        address(IpAddr::V6(Ipv4Addr::from(*bits).to_ipv6_mapped()));
    }
    let text = String::from_utf8_lossy(bytes);
    let base = Url::parse("https://api.example/a/b?c=d").expect("an address");
    for url in [Url::parse(&text), base.join(&text)].into_iter().flatten() {
        origin(&url);
    }
}

fn address(address: IpAddr) {
    let public = address_passes(address, Reach::Public);
    let internal = address_passes(address, Reach::Internal);
    let metadata = address_passes(address, Reach::MetadataService);
    assert!(!public || internal, "{address}");
    assert!(!(metadata && internal), "{address} is the metadata service's and passes another rule");
    let plain = match address {
        IpAddr::V4(plain) => Some(plain),
        IpAddr::V6(six) => six.to_ipv4_mapped(),
    };
    if let Some(plain) = plain {
        let metadata_service = plain == Ipv4Addr::new(169, 254, 169, 254);
        assert_eq!(metadata, metadata_service, "{address}");
        let never = plain.is_link_local() || plain.is_multicast() || plain.is_unspecified() || plain.is_broadcast();
        assert!(!never || !internal, "{address}");
        assert!(!(plain.is_private() || plain.is_loopback()) || !public, "{address}");
    }
    if let IpAddr::V6(six) = address {
        let never = six.is_multicast() || six.is_unspecified() || six.segments()[0] & 0xffc0 == 0xfe80;
        assert!(!never || !(internal || metadata), "{address}");
        assert!(!(six.is_loopback() || six.segments()[0] & 0xfe00 == 0xfc00) || !public, "{address}");
    }
}

fn origin(url: &Url) {
    let rules = [("api.example", Reach::Public), ("*.example.com", Reach::Public), ("10.0.0.1", Reach::Internal)];
    for (host, reach) in rules {
        let rule = OriginRule { scheme: "https".into(), host: host.into(), port: 443, reach };
        if let Err(cause) = check_origin(rule, url).expect("a sound rule") {
            check_inert(&cause.to_string(), false);
            continue;
        }
        assert!(url.scheme() == "https" && url.port_or_known_default() == Some(443), "{url}");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
        let found = url.host_str().unwrap_or_default();
        let fits = match host.strip_prefix("*.") {
            Some(suffix) => found.strip_suffix(suffix).is_some_and(|start| start.len() > 1 && start.ends_with('.')),
            None => found == host,
        };
        assert!(fits, "{url} passed the rule of {host}");
        if let Some(Host::Ipv4(address)) = url.host() {
            assert!(address_passes(IpAddr::V4(address), reach));
        }
    }
}
