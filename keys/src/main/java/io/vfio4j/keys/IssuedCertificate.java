// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/**
 * A certificate and its private key.
 *
 * @param certificate the certificate
 * @param key the private key
 */
public record IssuedCertificate(X509Certificate certificate, PrivateKey key) {
}
