"""Mobilt SITHS eID: a certificate for a key in the holder's phone, made by themselves with their card."""
