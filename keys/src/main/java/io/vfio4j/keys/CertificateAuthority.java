// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate authority: hosts trust only the certificates that it signed. Keys are EC on P-256. */
public final class CertificateAuthority {

  private static final String CURVE = "secp256r1";
  private static final String SIGNATURE = "SHA256withECDSA";

  /** Serial numbers are positive and at most 20 bytes long (RFC 5280, section 4.1.2.2). */
  private static final int SERIAL_BITS = 159;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final IssuedCertificate own;

  private CertificateAuthority(IssuedCertificate self) {
    this.own = self;
  }

  /**
   * Creates an authority with a new key.
   *
   * @param name its common name
   * @param from the start of its certificate's validity, to the second
   * @param until the end of its certificate's validity
   * @throws GeneralSecurityException if the JDK lacks an algorithm
   */
  public static CertificateAuthority create(String name, Instant from, Instant until)
      throws GeneralSecurityException {
    KeyPair keys = newKeys();
    X500Name subject = commonName(name);
    X509v3CertificateBuilder builder = builder(subject, subject, keys.getPublic(), from, until);
    try {
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0)); // no intermediate CAs
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
      builder.addExtension(Extension.subjectKeyIdentifier, false,
          identifiers.createSubjectKeyIdentifier(keys.getPublic()));
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
    return new CertificateAuthority(new IssuedCertificate(sign(builder, keys), keys.getPrivate()));
  }

  /**
   * Issues a key and a certificate for a host, valid for either end of a connection.
   *
   * @throws GeneralSecurityException if a name cannot be encoded
   */
  public IssuedCertificate issue(Host host, Instant from, Instant until) throws GeneralSecurityException {
    KeyPair keys = newKeys();
    X500Name issuer = X500Name.getInstance(own.certificate().getSubjectX500Principal().getEncoded());
    X509v3CertificateBuilder builder =
        builder(issuer, commonName(host.name()), keys.getPublic(), from, until);
    try {
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(
          new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      builder.addExtension(Extension.subjectAlternativeName, false, alternativeNames(host));
      builder.addExtension(Extension.subjectKeyIdentifier, false,
          identifiers.createSubjectKeyIdentifier(keys.getPublic()));
      builder.addExtension(Extension.authorityKeyIdentifier, false,
          identifiers.createAuthorityKeyIdentifier(own.certificate().getPublicKey()));
    } catch (IOException | IllegalArgumentException e) {
      throw new GeneralSecurityException(host.name() + ": " + e.getMessage(), e);
    }
    KeyPair signing = new KeyPair(own.certificate().getPublicKey(), own.key());
    return new IssuedCertificate(sign(builder, signing), keys.getPrivate());
  }

  /** Returns the CA certificate, which hosts trust. */
  public X509Certificate certificate() {
    return own.certificate();
  }

  /** Returns the CA certificate and key, for tests in which a host presents them. */
  public IssuedCertificate ownCertificate() {
    return own;
  }

  private static GeneralNames alternativeNames(Host host) {
    return new GeneralNames(host.names().stream()
        .map(name -> new GeneralName(Host.isAddress(name) ? GeneralName.iPAddress : GeneralName.dNSName,
            name))
        .toArray(GeneralName[]::new));
  }

  private static X500Name commonName(String name) {
    return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, name).build();
  }

  private static X509v3CertificateBuilder builder(X500Name issuer, X500Name subject, PublicKey key,
      Instant from, Instant until) {
    return new JcaX509v3CertificateBuilder(issuer, new BigInteger(SERIAL_BITS, RANDOM).setBit(0),
        Date.from(from), Date.from(until), subject, key);
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, KeyPair keys)
      throws GeneralSecurityException {
    try {
      return new JcaX509CertificateConverter().getCertificate(
          builder.build(new JcaContentSignerBuilder(SIGNATURE).build(keys.getPrivate())));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static KeyPair newKeys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec(CURVE), RANDOM);
    return generator.generateKeyPair();
  }
}
