register!(Store<u64>, Store<String>);
