import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * JSSE as a peer: an echo client or an echo server. See src/interop/peers/jsse.ts.
 *
 * <p>java Jsse client|server PORT PREFIX CA CERT KEY CONNECTIONS: the suites whose names begin with PREFIX. The
 * client opens CONNECTIONS connections one after another in one context, which resumes sessions by itself.
 */
public final class Jsse {
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[1]);
    SSLContext context = context(args[3], args[4], args[5]);
    if (args[0].equals("server")) serve(context, port, args[2], !args[3].equals("-"));
    else connect(context, port, args[2], Integer.parseInt(args[6]));
  }

  private static void serve(SSLContext context, int port, String prefix, boolean authenticate) throws Exception {
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    try (SSLServerSocket listener =
        (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 10, loopback)) {
      listener.setSSLParameters(parameters(context, prefix));
      listener.setNeedClientAuth(authenticate);
      while (true) {
        try (SSLSocket socket = (SSLSocket) listener.accept()) {
          socket.getInputStream().transferTo(socket.getOutputStream());
        } catch (java.io.IOException error) {
          System.err.println(error);
        }
      }
    }
  }

  private static void connect(SSLContext context, int port, String prefix, int connections) throws Exception {
    byte[] payload = System.in.readAllBytes();
    for (int i = 0; i < connections; i++) {
      try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
        SSLParameters parameters = parameters(context, prefix);
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        OutputStream out = socket.getOutputStream();
        out.write(payload);
        out.flush();
        InputStream in = socket.getInputStream();
        System.out.write(in.readNBytes(payload.length));
        System.out.flush();
      }
    }
  }

  private static SSLParameters parameters(SSLContext context, String prefix) {
    String[] suites = context.getSupportedSSLParameters().getCipherSuites();
    String[] wanted = Arrays.stream(suites).filter(name -> name.startsWith(prefix)).toArray(String[]::new);
    return new SSLParameters(wanted, new String[] {"TLSv1.2"});
  }

  private static SSLContext context(String ca, String cert, String key) throws Exception {
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore anchors = empty();
    if (!ca.equals("-")) anchors.setCertificateEntry("ca", certificates(ca)[0]);
    trust.init(anchors);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    KeyStore own = empty();
    if (!cert.equals("-")) own.setKeyEntry("own", privateKey(key), new char[0], certificates(cert));
    keys.init(own, new char[0]);
    SSLContext context = SSLContext.getInstance("TLSv1.2");
    context.init(keys.getKeyManagers(), ca.equals("-") ? null : trust.getTrustManagers(), null);
    return context;
  }

  private static KeyStore empty() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static Certificate[] certificates(String file) throws Exception {
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).toArray(Certificate[]::new);
    }
  }

  /** Tries each algorithm, because KeyFactory does not read the algorithm from a PKCS#8 key. */
  private static PrivateKey privateKey(String file) throws Exception {
    String pem = Files.readString(Path.of(file), StandardCharsets.US_ASCII);
    byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    for (String algorithm : new String[] {"EC", "RSA"}) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (GeneralSecurityException other) {
        // Try the next algorithm.
      }
    }
    throw new GeneralSecurityException(file + " holds neither an EC nor an RSA key");
  }
}
