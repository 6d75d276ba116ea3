//! How the list of a tracker is written: one row a request.

/// An allow-list. Each row stands twice: at the root of the host, and below the path that a tracker may be installed at
/// (`https://tools.acme.example/jira`). A few words may not stand in it, so that no request could be two of the rows.
macro_rules! allow_list {
    ($connector:literal, $( $purpose:ident $method:literal $path:literal needs [$($right:literal),*]; )*) => {
        scan_transport::AllowList {
            connector: $connector,
            operations: &[
                $(
                    scan_transport::Operation {
                        name: concat!($method, " ", $path),
                        method: $method,
                        path: $path,
                        action: scan_transport::Action::Plain,
                        purpose: scan_transport::Purpose::$purpose,
                        rights: &[$($right),*],
                        keep: scan_transport::Keep::Nothing,
                    },
                    scan_transport::Operation {
                        name: concat!($method, " .", $path),
                        method: $method,
                        path: concat!("/{installed...!issues|projects|repos}", $path),
                        action: scan_transport::Action::Plain,
                        purpose: scan_transport::Purpose::$purpose,
                        rights: &[$($right),*],
                        keep: scan_transport::Keep::Nothing,
                    },
                )*
            ],
        }
    };
}

pub(super) use allow_list;
