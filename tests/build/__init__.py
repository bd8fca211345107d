"""What tests are made of: small models, members, pairs, protocols, evidence and records."""
