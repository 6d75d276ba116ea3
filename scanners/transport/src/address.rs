//! The address guard (NET-3): what a name may resolve to. The resolver that is handed to the client lets through only
//! what was judged here, so that the address that was checked is the one connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::origin::Origins;

/// Which addresses are let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Public ones.
    Public,
    /// Public, private and loopback ones.
    Internal,
    /// Loopback ones.
    Loopback,
    /// The metadata service of the cloud host.
    Metadata,
}

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Public,
    Loopback,
    /// For use inside an organisation only.
    Inside(&'static str),
    /// The metadata service that [`Guard::Metadata`] opens.
    Metadata,
    /// Never.
    Never(&'static str),
}

/// Whether `address` passes `guard`.
///
/// # Errors
/// What kind of address it is.
pub(crate) fn judge(address: IpAddr, guard: Guard) -> Result<(), &'static str> {
    let class = match address {
        IpAddr::V4(address) => class_of_4(address),
        IpAddr::V6(address) => class_of_6(address),
    };
    match (class, guard) {
        (Class::Public, Guard::Public | Guard::Internal)
        | (Class::Loopback, Guard::Internal | Guard::Loopback)
        | (Class::Inside(_), Guard::Internal)
        | (Class::Metadata, Guard::Metadata) => Ok(()),
        (Class::Public, Guard::Loopback) => Err("an address that is not a loopback one"),
        (Class::Public, Guard::Metadata) => Err("an address that is not the metadata service's"),
        (Class::Loopback, _) => Err("a loopback address"),
        (Class::Metadata, _) => Err("the address of a metadata service"),
        (Class::Inside(what) | Class::Never(what), _) => Err(what),
    }
}

/// IANA special-purpose registry for IPv4, and the metadata services of clouds.
fn class_of_4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [169, 254, 169, 254] => Class::Metadata,
        // ECS tasks, Azure's wire server, Alibaba's and Oracle's metadata services.
        [169, 254, 170, 2] | [168, 63, 129, 16] | [100, 100, 100, 200] | [192, 0, 0, 192] => {
            Class::Never("the address of a metadata service")
        }
        [0, ..] => Class::Never("an unspecified address"),
        [127, ..] => Class::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Inside("a private address"),
        [100, 64..=127, ..] => Class::Inside("a carrier-grade NAT address"),
        [198, 18 | 19, ..] => Class::Inside("a benchmarking address"),
        [169, 254, ..] => Class::Never("a link-local address"),
        [192, 0, 0, _] => Class::Never("a protocol assignment address"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Never("a documentation address"),
        [192, 88, 99, _] => Class::Never("a 6to4 relay address"),
        [224..=239, ..] => Class::Never("a multicast address"),
        [255, 255, 255, 255] => Class::Never("the broadcast address"),
        [240..=255, ..] => Class::Never("a reserved address"),
        _ => Class::Public,
    }
}

/// IANA special-purpose registry for IPv6. Addresses that carry an IPv4 address are judged by it.
fn class_of_6(address: Ipv6Addr) -> Class {
    let groups = address.segments();
    let low = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match groups {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Never("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        // Mapped, translated (NAT64, RFC 6052) and 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, tail] | [0x64, 0xff9b, 0, 0, 0, 0, high, tail] | [0x2002, high, tail, ..] => {
            class_of_4(low(high, tail))
        }
        [0, 0, 0, 0, 0, 0, ..] => Class::Never("an IPv4-compatible address"),
        [0, 0, 0, 0, 0xffff, 0, ..] => Class::Never("an IPv4-translated address"),
        [0x64, 0xff9b, 1, ..] => Class::Inside("a local NAT64 address"),
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Class::Metadata,
        // Google's metadata service and ECS over IPv6.
        [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] | [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0023] => {
            Class::Never("the address of a metadata service")
        }
        [0xfc00..=0xfdff, ..] => Class::Inside("a unique-local address"),
        [0xfec0..=0xfeff, ..] => Class::Inside("a site-local address"),
        [0xfe80..=0xfebf, ..] => Class::Never("a link-local address"),
        [0xff00..=0xffff, ..] => Class::Never("a multicast address"),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Class::Never("a documentation address"),
        [0x2001, 0..=0x01ff, ..] => Class::Never("a protocol assignment address"),
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Never("a reserved address"),
    }
}

/// Why a name gave no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    /// The resolver of the machine said no.
    #[error("the name does not resolve ({0})")]
    NoAnswer(std::io::ErrorKind),
    /// It has addresses, and none may be used.
    #[error("the name resolves to {0}, which is refused")]
    Refused(&'static str),
    /// No rule names this host.
    #[error("the name is not declared")]
    NotDeclared,
}

/// Looks names up.
#[async_trait]
pub(crate) trait Lookup: Send + Sync {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The resolver of the machine.
#[derive(Debug)]
pub(crate) struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The resolver of the client: looks up, judges, and hands out what passed.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    pub(crate) origins: Arc<Origins>,
    /// Host of the proxy. The configuration names it, so it may stand inside.
    pub(crate) proxy: Option<String>,
    pub(crate) lookup: Arc<dyn Lookup>,
}

impl GuardedResolver {
    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let mut guards = self.origins.guards(name);
        if self.proxy.as_deref() == Some(name) {
            guards = vec![Guard::Internal];
        }
        if guards.is_empty() {
            return Err(ResolveError::NotDeclared);
        }
        let found = self.lookup.lookup(name).await.map_err(|error| ResolveError::NoAnswer(error.kind()))?;
        let mut refused = None;
        let mut passed = Vec::new();
        for address in found {
            match guards.iter().try_for_each(|guard| judge(address, *guard)) {
                Ok(()) => passed.push(SocketAddr::new(address, 0)),
                Err(why) => refused = Some(why),
            }
        }
        match (passed.is_empty(), refused) {
            (false, _) => Ok(passed),
            (true, Some(why)) => Err(ResolveError::Refused(why)),
            (true, None) => Err(ResolveError::NoAnswer(std::io::ErrorKind::NotFound)),
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::Dialect;
    use crate::settings::{Connection, OriginRule, Reach, Settings};

    fn passes(address: &str, guard: Guard) -> bool {
        judge(address.parse().unwrap(), guard).is_ok()
    }

    #[test]
    fn public_addresses_pass_where_public_ones_may() {
        for address in ["140.82.112.3", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::101:101"] {
            assert!(passes(address, Guard::Public), "{address}");
            assert!(passes(address, Guard::Internal), "{address}");
            assert!(!passes(address, Guard::Loopback), "{address}");
            assert!(!passes(address, Guard::Metadata), "{address}");
        }
    }

    #[test]
    fn inner_addresses_pass_only_where_declared() {
        let inner = [
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
        ];
        for address in inner {
            assert!(!passes(address, Guard::Public), "{address}");
            assert!(passes(address, Guard::Internal), "{address}");
            assert!(!passes(address, Guard::Metadata), "{address}");
        }
    }

    #[test]
    fn some_addresses_never_pass() {
        let never = [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.1.1",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001::1",
            "::ffff:169.254.1.1",
            "::169.254.169.254",
            "64:ff9b::a9fe:101",
            "2002:a9fe:101::",
            "fd20:ce::254",
            "fd00:ec2::23",
            "4000::1",
        ];
        for address in never {
            for guard in [Guard::Public, Guard::Internal, Guard::Loopback, Guard::Metadata] {
                assert!(!passes(address, guard), "{address} {guard:?}");
            }
        }
    }

    #[test]
    fn the_metadata_service_is_open_to_its_own_rule_alone() {
        for address in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"] {
            assert!(passes(address, Guard::Metadata), "{address}");
            assert!(!passes(address, Guard::Public) && !passes(address, Guard::Internal), "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_embedded_address_is_never_freer_than_itself(bits in any::<u32>()) {
            let plain = Ipv4Addr::from(bits);
            let [a, b, c, d] = plain.octets();
            let pair = |x: u8, y: u8| u16::from_be_bytes([x, y]);
            for six in [
                plain.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, pair(a, b), pair(c, d)),
                Ipv6Addr::new(0x2002, pair(a, b), pair(c, d), 0, 0, 0, 0, 1),
            ] {
                prop_assert_eq!(judge(IpAddr::V6(six), Guard::Public).is_ok(), judge(IpAddr::V4(plain), Guard::Public).is_ok());
            }
        }

        #[test]
        fn every_address_has_an_answer(bits in any::<u128>()) {
            let free = judge(IpAddr::V6(Ipv6Addr::from(bits)), Guard::Public).is_ok();
            prop_assert!(!free || judge(IpAddr::V6(Ipv6Addr::from(bits)), Guard::Internal).is_ok());
        }
    }

    struct Fixed(Vec<IpAddr>);

    #[async_trait]
    impl Lookup for Fixed {
        async fn lookup(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
            Ok(self.0.clone())
        }
    }

    fn resolver(reach: Reach, found: &[&str]) -> GuardedResolver {
        let rule = OriginRule { scheme: "https".into(), host: "api.example".into(), port: 443, reach };
        let settings = Settings::new("s", vec![rule], Dialect::Plain, Connection::default());
        GuardedResolver {
            origins: Arc::new(Origins::new(&settings).unwrap()),
            proxy: Some("proxy.inside".into()),
            lookup: Arc::new(Fixed(found.iter().map(|text| text.parse().unwrap()).collect())),
        }
    }

    #[tokio::test]
    async fn a_name_gives_only_the_addresses_that_passed() {
        let mixed = resolver(Reach::Public, &["10.0.0.1", "1.1.1.1", "169.254.169.254"]);
        assert_eq!(mixed.addresses("api.example").await, Ok(vec!["1.1.1.1:0".parse().unwrap()]));
        let inner = resolver(Reach::Public, &["10.0.0.1"]);
        assert_eq!(inner.addresses("api.example").await, Err(ResolveError::Refused("a private address")));
        assert!(resolver(Reach::Internal, &["10.0.0.1"]).addresses("api.example").await.is_ok());
        assert_eq!(inner.addresses("evil.test").await, Err(ResolveError::NotDeclared));
        assert!(inner.addresses("proxy.inside").await.is_ok());
    }
}
