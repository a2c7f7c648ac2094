// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads certificates and keys from files (PEM, RFC 7468). */
final class PemFiles {

  /** More than any certificate file has. */
  private static final int MAX_BYTES = 1 << 20;

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s+([A-Za-z0-9+/=\\s]+)-----END \\1-----");

  private static final Set<PosixFilePermission> OWNERS = EnumSet.of(PosixFilePermission.OWNER_READ,
      PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE);

  private PemFiles() {
  }

  /** Returns all certificates of a file, at least one. */
  static List<X509Certificate> certificates(Path file) throws IOException {
    try (InputStream in = new ByteArrayInputStream(read(file))) {
      List<X509Certificate> certificates = CertificateFactory.getInstance("X.509").generateCertificates(in)
          .stream().map(PemFiles::x509).toList();
      if (certificates.isEmpty()) {
        throw new IOException(file + ": contains no certificate");
      }
      return certificates;
    } catch (CertificateException e) {
      throw new IOException(file + ": not a certificate file (PEM): " + e.getMessage(), e);
    }
  }

  private static X509Certificate x509(Certificate certificate) {
    return (X509Certificate) certificate; // The X.509 factory returns no other type.
  }

  /**
   * Returns the key of a file that only its owner can read.
   *
   * @param algorithm that of the certificate
   */
  static PrivateKey key(Path file, String algorithm) throws IOException {
    requireSecret(file);
    Matcher block = BLOCK.matcher(new String(read(file), StandardCharsets.US_ASCII));
    while (block.find()) {
      switch (block.group(1)) {
        case "PRIVATE KEY" -> {
          return pkcs8(file, algorithm, block.group(2));
        }
        case "ENCRYPTED PRIVATE KEY" -> throw new IOException(file + ": the key is encrypted, which is not "
            + "supported; decrypt it: openssl pkcs8 -in FILE -out OTHER");
        case "EC PRIVATE KEY", "RSA PRIVATE KEY" -> throw new IOException(file + ": the key is in an older "
            + "format; convert it: openssl pkcs8 -topk8 -nocrypt -in FILE -out OTHER");
        default -> { // For example the parameters of a curve; the key follows.
        }
      }
    }
    throw new IOException(file + ": contains no key (PEM, PRIVATE KEY)");
  }

  private static PrivateKey pkcs8(Path file, String algorithm, String base64) throws IOException {
    try {
      return KeyFactory.getInstance(algorithm)
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64)));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException("%s: not a key of the type of the certificate (%s): %s"
          .formatted(file, algorithm, e.getMessage()), e);
    }
  }

  private static void requireSecret(Path file) throws IOException {
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
    if (!OWNERS.containsAll(mode)) {
      throw new IOException("%s: the key is accessible to other users (mode %s): chmod 600 %s"
          .formatted(file, PosixFilePermissions.toString(mode), file));
    }
  }

  private static byte[] read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IOException(file + ": too long for a certificate file");
      }
      return bytes;
    }
  }
}
