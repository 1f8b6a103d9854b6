"""Everything that keeps somebody out: the access token, sign-ins, cookies, the folders that may be read."""
