// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.util.io.pem.PemObjectGenerator;

/** Writes the files of a host into its folder, as PEM (RFC 7468). */
public final class KeyFolder {

  /** The CA certificate that the host trusts. */
  public static final String CA = "ca.pem";

  /** The host's certificate. */
  public static final String CERTIFICATE = "cert.pem";

  /** The host's private key, PKCS#8, readable only by its owner. */
  public static final String KEY = "key.pem";

  private KeyFolder() {
  }

  /**
   * Writes the three files.
   *
   * @param folder an empty or missing folder
   * @param ca the trusted CA
   * @param host the host's certificate and key
   * @throws IOException if a file exists or cannot be written
   */
  public static void write(Path folder, X509Certificate ca, IssuedCertificate host) throws IOException {
    Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(
        PosixFilePermissions.fromString("rwx------")));
    write(folder.resolve(CA), "rw-r--r--", pem(ca));
    write(folder.resolve(CERTIFICATE), "rw-r--r--", pem(host.certificate()));
    write(folder.resolve(KEY), "rw-------", pem(new JcaPKCS8Generator(host.key(), null)));
  }

  /** Creates the file with its mode before writing to it. */
  private static void write(Path file, String mode, String text) throws IOException {
    Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)));
    Files.writeString(file, text, StandardOpenOption.WRITE);
  }

  private static String pem(Object object) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      if (object instanceof PemObjectGenerator generator) {
        writer.writeObject(generator);
      } else {
        writer.writeObject(object);
      }
    }
    return text.toString();
  }
}
