// SPDX-License-Identifier: Apache-2.0
/** Keys and certificates for hosts: the tool behind {@code vfio4j keys}. */
module io.vfio4j.keys {
  requires static transitive org.jspecify;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;

  exports io.vfio4j.keys;

  provides java.util.spi.ToolProvider with io.vfio4j.keys.KeysTool;
}
