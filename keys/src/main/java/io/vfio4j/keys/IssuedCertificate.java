// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/**
 * A certificate and the key that belongs to it.
 *
 * @param certificate says whose the key is
 * @param key the secret
 */
public record IssuedCertificate(X509Certificate certificate, PrivateKey key) {
}
