// SPDX-License-Identifier: Apache-2.0
/**
 * Creates the keys and certificates (X.509, RFC 5280) with which hosts authenticate each other. The JDK cannot
 * create certificates, so this uses Bouncy Castle.
 */
@NullMarked
package io.vfio4j.keys;

import org.jspecify.annotations.NullMarked;
