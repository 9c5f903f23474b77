"""Ingest stage: a source becomes an asset: probed, copied by content hash, decoded once."""
