"""Tests of mobile eIDs."""
