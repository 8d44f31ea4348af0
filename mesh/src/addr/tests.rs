use super::*;

#[test]
fn the_printed_form_of_an_address_parses_back() {
    for text in ["memory:a", "unix:/tmp/x.sock", "tcp:127.0.0.1:80", "tcp:[::1]:80", "tls:host:1"] {
        assert_eq!(text.parse::<ChannelAddr>().map(|a| a.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn a_bad_address_is_named_with_the_way_out() {
    for text in ["", "unix:relative", "tcp:80", "http://x", "memory:", "tls:////h:1", "tcp://h:1/x"] {
        let error = text.parse::<ChannelAddr>().unwrap_err().to_string();
        assert!(error.contains(&format!("`{text}`")) && error.contains("tcp:host:port"), "{error}");
    }
}

#[test]
fn an_endpoint_may_be_written_as_in_a_url() {
    assert_eq!("tls://host:1".parse(), Ok(ChannelAddr::Tls("host:1".into())));
    assert_eq!("tcp://[::1]:80".parse(), Ok(ChannelAddr::Tcp("[::1]:80".into())));
}
