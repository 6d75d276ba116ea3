//! The service: runs by a schedule, metrics and a page over HTTP.
//!
//! | file | what is in it |
//! |---|---|
//! | [`page_port`] | what the web page is asked, and what it answers |

pub mod page_port;
