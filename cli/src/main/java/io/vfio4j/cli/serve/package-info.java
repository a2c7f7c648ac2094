@NullMarked
package io.vfio4j.cli.serve;

import org.jspecify.annotations.NullMarked;
