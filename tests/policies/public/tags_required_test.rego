package main

test_nothing { this is no rego at all }
