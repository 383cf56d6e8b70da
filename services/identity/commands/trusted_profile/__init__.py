"""Signing in by Profil Zaufany: begun here, proved at login.gov.pl, finished in the browser that began."""
