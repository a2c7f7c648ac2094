@NullMarked
package io.vfio4j.engine.stream;

import org.jspecify.annotations.NullMarked;
