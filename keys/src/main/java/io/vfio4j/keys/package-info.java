// SPDX-License-Identifier: Apache-2.0
/**
 * Makes keys and certificates (X.509, RFC 5280) with which hosts know each other. The JDK reads certificates and makes
 * none, so this is Bouncy Castle's work.
 */
@NullMarked
package io.vfio4j.keys;

import org.jspecify.annotations.NullMarked;
