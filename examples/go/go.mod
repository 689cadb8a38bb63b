module sign-in

go 1.19

require golang.org/x/oauth2 v0.26.0
