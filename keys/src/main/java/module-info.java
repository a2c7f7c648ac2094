// SPDX-License-Identifier: Apache-2.0
/** Keys and certificates for hosts: a tool that the command of the same name runs. */
module io.vfio4j.keys {
  requires static transitive org.jspecify;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;

  exports io.vfio4j.keys;

  provides java.util.spi.ToolProvider with io.vfio4j.keys.KeysTool;
}
