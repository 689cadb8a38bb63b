// Command sign-in signs in with the browser or a device code, refreshes the tokens, and signs out.
//
//	go run . login | device | whoami | logout
//	ISSUER=https://auth.example.com CLIENT_ID=weather-cli go run . login
package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/oauth2"
)

var (
	issuer   = variable("ISSUER", "http://127.0.0.1:8642")
	clientID = variable("CLIENT_ID", "keystile-cli")
	scopes   = []string{"openid", "email", "offline_access"}
	client   = &http.Client{Timeout: 30 * time.Second}
)

// server is the metadata of the authorization server (RFC 8414).
type server struct {
	Issuer     string `json:"issuer"`
	Authorize  string `json:"authorization_endpoint"`
	Token      string `json:"token_endpoint"`
	Pushed     string `json:"pushed_authorization_request_endpoint"`
	Device     string `json:"device_authorization_endpoint"`
	Revocation string `json:"revocation_endpoint"`
}

func main() {
	commands := map[string]func(context.Context) error{
		"login": login, "device": device, "whoami": whoami, "logout": logout,
	}
	var name string
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	run, known := commands[name]
	if !known {
		fail(errors.New("usage: sign-in login | device | whoami | logout"))
	}
	if err := run(context.WithValue(context.Background(), oauth2.HTTPClient, client)); err != nil {
		fail(err)
	}
}

// login uses the browser, which is redirected to a loopback port (RFC 8252), and PKCE (RFC 7636).
func login(ctx context.Context) error {
	server, err := discover()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	config := server.config()
	config.RedirectURL = fmt.Sprintf("http://%s/callback", listener.Addr())
	state, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()

	// A pushed authorization request (RFC 9126) has a short link.
	request, err := url.Parse(config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return err
	}
	form := request.Query()
	name, _ := os.Hostname()
	form.Set("device_name", name)
	form.Set("device_os", runtime.GOOS)
	var pushed struct {
		LoginURL  string `json:"login_url"`
		UserCheck string `json:"user_check"`
	}
	if err := post(server.Pushed, form, &pushed); err != nil {
		return err
	}
	if err := own(pushed.LoginURL); err != nil {
		return err
	}
	fmt.Printf("Open %s and check that the page shows %s\n", pushed.LoginURL, pushed.UserCheck)
	openBrowser(pushed.LoginURL)

	answer, err := callback(ctx, listener)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(state)) != 1 || answer.Get("iss") != issuer {
		return errors.New("the callback does not belong to this sign-in")
	}
	if refusal := answer.Get("error"); refusal != "" {
		return fmt.Errorf("%s: %s", refusal, answer.Get("error_description"))
	}
	token, err := config.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return err
	}
	return signedIn(token)
}

// callback returns the parameters of the first callback.
func callback(ctx context.Context, listener net.Listener) (url.Values, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	answers := make(chan url.Values, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/callback", func(response http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodGet {
			http.Error(response, "", http.StatusMethodNotAllowed)
			return
		}
		// Any web page can send requests to this port, under other names too. Only the browser itself navigates.
		mode := request.Header.Get("Sec-Fetch-Mode")
		if request.Host != listener.Addr().String() || (mode != "" && mode != "navigate") {
			http.NotFound(response, request)
			return
		}
		select {
		case answers <- request.URL.Query():
		default: // There has been one.
		}
		fmt.Fprint(response, "You can return to your terminal.")
	})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go web.Serve(listener)
	defer func() {
		// Lets the browser have its answer, and waits for no connection that sends nothing.
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if web.Shutdown(ctx) != nil {
			web.Close()
		}
	}()
	select {
	case answer := <-answers:
		return answer, nil
	case <-ctx.Done():
		return nil, errors.New("no callback arrived within 5 minutes")
	}
}

// device uses a code that is entered on any other device (RFC 8628).
func device(ctx context.Context) error {
	server, err := discover()
	if err != nil {
		return err
	}
	config := server.config()
	name, _ := os.Hostname()
	codes, err := config.DeviceAuth(ctx, oauth2.SetAuthURLParam("device_name", name))
	if err != nil {
		return err
	}
	if err := own(codes.VerificationURI); err != nil {
		return err
	}
	fmt.Printf("Open %s and enter the code %s\n", codes.VerificationURI, codes.UserCode)
	token, err := config.DeviceAccessToken(ctx, codes)
	if err != nil {
		return err
	}
	return signedIn(token)
}

func signedIn(token *oauth2.Token) error {
	if err := store(token); err != nil {
		return err
	}
	fmt.Println("Signed in.")
	return nil
}

func whoami(ctx context.Context) error {
	token, err := accessToken(ctx)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/api/v1/whoami", nil)
	if err != nil {
		return err
	}
	token.SetAuthHeader(request)
	var who any
	if err := ask(request, &who); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(who)
}

// accessToken refreshes an expired token under a lock, because each refresh token works once.
func accessToken(ctx context.Context) (*oauth2.Token, error) {
	if token, err := load(); err != nil || token.Valid() {
		return token, err
	}
	lock, err := os.OpenFile(filepath.Join(home(), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	// Another process may have refreshed the tokens meanwhile.
	token, err := load()
	if err != nil || token.Valid() {
		return token, err
	}
	server, err := discover()
	if err != nil {
		return nil, err
	}
	token, err = server.config().TokenSource(ctx, token).Token()
	if err != nil {
		return nil, err
	}
	return token, store(token)
}

func logout(context.Context) error {
	token, err := load()
	if err != nil {
		return err
	}
	server, err := discover()
	if err != nil {
		return err
	}
	form := url.Values{"token": {token.RefreshToken}, "client_id": {clientID}}
	if err := post(server.Revocation, form, nil); err != nil {
		return err
	}
	if err := os.Remove(file()); err != nil {
		return err
	}
	fmt.Println("Signed out.")
	return nil
}

func discover() (*server, error) {
	request, err := http.NewRequest(http.MethodGet, issuer+"/.well-known/oauth-authorization-server", nil)
	if err != nil {
		return nil, err
	}
	var found server
	if err := ask(request, &found); err != nil {
		return nil, err
	}
	if found.Issuer != issuer {
		return nil, fmt.Errorf("the metadata of %s names another issuer: %s", issuer, found.Issuer)
	}
	for _, address := range []string{found.Authorize, found.Token, found.Pushed, found.Device, found.Revocation} {
		if err := own(address); err != nil {
			return nil, err
		}
	}
	return &found, nil
}

// own reports an address that does not have the origin of the issuer, and so perhaps not its scheme.
func own(address string) error {
	found, err := url.Parse(address)
	if err != nil {
		return err
	}
	expected, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	if found.Scheme != expected.Scheme || found.Host != expected.Host || found.User != nil {
		return fmt.Errorf("the server named an address that is not its own: %q", address)
	}
	return nil
}

func (s *server) config() *oauth2.Config {
	return &oauth2.Config{ClientID: clientID, Scopes: scopes, Endpoint: oauth2.Endpoint{
		AuthURL: s.Authorize, TokenURL: s.Token, DeviceAuthURL: s.Device, AuthStyle: oauth2.AuthStyleInParams,
	}}
}

func post(address string, form url.Values, into any) error {
	answer, err := client.PostForm(address, form)
	if err != nil {
		return err
	}
	return read(answer, into)
}

func ask(request *http.Request, into any) error {
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	return read(answer, into)
}

func read(answer *http.Response, into any) error {
	defer answer.Body.Close()
	if answer.StatusCode >= 400 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

func load() (*oauth2.Token, error) {
	text, err := os.ReadFile(file())
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("not signed in")
	}
	if err != nil {
		return nil, err
	}
	token := new(oauth2.Token)
	return token, json.Unmarshal(text, token)
}

// store replaces the file atomically.
func store(token *oauth2.Token) error {
	if err := os.MkdirAll(home(), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(home(), "credentials") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	defer temporary.Close()
	if err := json.NewEncoder(temporary).Encode(token); err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file())
}

func home() string {
	folder, _ := os.UserHomeDir()
	return variable("SIGN_IN_HOME", filepath.Join(folder, ".sign-in-example"))
}

func file() string { return filepath.Join(home(), "credentials.json") }

// openBrowser opens the link. Errors are ignored, because the link has been printed.
func openBrowser(link string) {
	opener := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if opener == "" {
		opener = "xdg-open"
	}
	if command := exec.Command(variable("BROWSER", opener), link); command.Start() == nil {
		go command.Wait()
	}
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
